package container

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
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
	// Touched are the names of limits that a change was writing when it ended too early, so that the running container may
	// have others than Request says.
	Touched []string `json:"touched,omitempty"`
}

// committedName is an empty file in the folder of a container that was good once, or was answered as left behind. A
// container without it is a create that was cut off.
const committedName = "committed"

// recipeName is the recipe of the last start, for the next one and for whoever wants to know how it was made.
const recipeName = "recipe"

// The container's own layer, and the folder that overlayfs needs beside it.
const (
	upperName = "upper"
	workName  = "work"
)

// place is where a container is: its folder on the disk, its state below /run, and its control groups.
type place struct {
	store.ContainerID
	dir, state string
	group      cgroup.Group
}

func (c *Containers) place(slot, incarnation string) place {
	p := place{
		store.ContainerID{Slot: slot, Incarnation: incarnation},
		c.store.ContainerDir(slot, incarnation), c.store.ContainerState(incarnation), c.tree.Group(incarnation),
	}
	if above, err := os.Readlink(p.file(aboveName)); err == nil {
		p.group = c.tree.Below(above, incarnation)
	}
	return p
}

// aboveName is a symbolic link to the group that a container was put below, where it was. It has to be known also of a
// start that was cut off before there was a record; a link is made and read in one system call.
const aboveName = "above"

func (p place) file(name string) string { return filepath.Join(p.dir, name) }

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
