package container

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
	"pulumi-slipway/agent/monitor"
	"pulumi-slipway/agent/store"
)

const recordFormat = 1

// record is what is kept of a container on the disk. Whether it runs does not stand in it: that is observed.
type record struct {
	Format int `json:"format"`
	store.Pins
	Request api.ContainerRequest `json:"request"`
	// Arguments are the words of the program, the image's included.
	Arguments []string `json:"arguments"`
	// StopSignal is the request's, the image's, or SIGTERM.
	StopSignal string `json:"stopSignal"`
	// Supersedes are the incarnations that were in the slot before, to be removed once this one is good.
	Supersedes []string `json:"supersedes,omitempty"`
	// Stopped are those of them that ran and had to be stopped first, to be started again if this one is not good.
	Stopped []string `json:"stopped,omitempty"`
}

// committedName is an empty file in the folder of a container that was good once, or was answered as left behind. A
// container without it is a create that was cut off.
const committedName = "committed"

// files and folders of a container, beside those of package monitor.
const (
	upperName = "upper"
	workName  = "work"
)

// place is a container's folders and name, and what stands in them when it was looked.
type place struct {
	store.ContainerID
	// dir is on the disk, run below /run.
	dir, run string
	group    cgroup.Group
}

func (c *Containers) place(slot, incarnation string) place {
	return place{
		store.ContainerID{Slot: slot, Incarnation: incarnation},
		c.store.ContainerDir(slot, incarnation), c.store.ContainerRunDir(incarnation), c.tree.Group(incarnation),
	}
}

func (p place) file(name string) string { return filepath.Join(p.dir, name) }

func (p place) statePath() string { return filepath.Join(p.run, monitor.StateName) }

func (p place) committed() bool {
	_, err := os.Lstat(p.file(committedName))
	return err == nil
}

func (p place) readRecord() (record, error) {
	var r record
	err := store.ReadRecord(p.file(store.RecordName), recordFormat, &r)
	return r, err
}

// exists tells whether the container has a folder.
func (p place) exists() (bool, error) {
	_, err := os.Lstat(p.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// limits of a request, as package cgroup has them.
func limitsOf(r api.ContainerRequest) cgroup.Limits {
	return cgroup.Limits{Memory: r.Memory, CPUs: r.CPUs, PidsLimit: r.PidsLimit}
}
