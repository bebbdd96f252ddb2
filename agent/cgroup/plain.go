package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"pulumi-slipway/agent/api"
)

// plain is a knob whose file holds one number.
type plain struct {
	label
	// get is the value that is wanted, nil where it is not ours to set; set is the opposite.
	get    func(*api.GroupResources) *int64
	set    func(*api.GroupResources, int64)
	bounds bounds
	// files are those of versions 1 and 2. One without a name means that the version has nothing like it.
	files [2]file
}

// label is what a knob is called: in api.GroupResources, by a Container, and its controller.
type label struct{ property, argument, of string }

func (l label) controller() string { return l.of }

func (l label) setting() string { return l.property }

func (l label) name() string {
	if l.argument == "" {
		return "`" + l.property + "`"
	}
	return "`" + l.property + "` (a container's " + l.argument + ")"
}

// file is where a knob lives in one version.
type file struct {
	name string
	// since is the kernel that brought it; "" where that is ages ago.
	since string
	// byDefault is what a new group has.
	byDefault int64
	// write and read turn a value into the kernel's and back; nil for the same.
	write, read func(int64) int64
}

func (k plain) file(p place) file { return k.files[p.version-1] }

func (k plain) isSet(r *api.GroupResources) bool { return k.get(r) != nil }

func (k plain) wrong(r *api.GroupResources) []string {
	canBeUnlimited := k.files[1].byDefault == api.Unlimited || k.files[0].byDefault == api.Unlimited
	if text := k.bounds.refuse(k.name(), *k.get(r), canBeUnlimited); text != "" {
		return []string{text}
	}
	return nil
}

func (k plain) settings(p place, wanted *api.GroupResources) ([]Setting, error) {
	f := k.file(p)
	if f.name == "" {
		return nil, nil // see missing
	}
	value := f.byDefault
	if set := k.get(wanted); set != nil {
		value = f.written(*set)
	}
	return []Setting{{Path: p.path(f.name), Value: word(f.name, p.version, value)}}, nil
}

func (f file) written(value int64) int64 {
	if f.write == nil || value == api.Unlimited {
		return value
	}
	return f.write(value)
}

// word is a number as a file takes it.
func word(name string, version int, value int64) string {
	if value == api.Unlimited && (version == 2 || name == "pids.max") {
		return "max"
	}
	return strconv.FormatInt(value, 10)
}

func (k plain) read(p place, wanted, found *api.GroupResources) error {
	f := k.file(p)
	if f.name == "" {
		k.set(found, *k.get(wanted))
		return nil
	}
	held, err := number(p.path(f.name))
	if err != nil {
		return err
	}
	if set := k.get(wanted); set != nil && f.written(*set) == held {
		held = *set
	} else if f.read != nil {
		held = f.read(held)
	}
	k.set(found, held)
	return nil
}

// missing takes what the other version has by default for nothing that this one would have to hold: a program for hosts of both
// may say it.
func (k plain) missing(p place, wanted *api.GroupResources) error {
	f := k.file(p)
	if other := k.files[2-p.version]; f.name == "" {
		if *k.get(wanted) == other.byDefault {
			return nil
		}
		return nothingLikeIt(p.version, other.name)
	}
	return absent(p.path(f.name), f.name, f.since)
}

// nothingLikeIt says that a version has no such file as the other.
func nothingLikeIt(version int, name string) error {
	return fmt.Errorf("control groups of version %d have nothing like %s; the host needs version %d", version, name, 3-version)
}

// absent says that a kernel has no such file.
func absent(path, name, since string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if since == "" {
		return fmt.Errorf("this kernel has no %s; it was built, or started, without it", name)
	}
	return fmt.Errorf("this kernel has no %s, which came with Linux %s", name, since)
}
