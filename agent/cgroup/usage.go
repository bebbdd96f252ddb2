package cgroup

import (
	"errors"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// Reader reads what groups use. A host has hundreds of them, each with a dozen files, and somebody may look every second:
// so files are opened below a group's folder, which is looked up once, and all are read into one buffer. It is for one
// goroutine.
type Reader struct {
	tree   *Tree
	buffer []byte
	// names are those of block devices by "major:minor".
	names map[string]string
}

// Reader makes one.
func (t *Tree) Reader() *Reader {
	return &Reader{tree: t, buffer: make([]byte, 0, firstBuffer), names: map[string]string{}}
}

// Usage reads what a group uses. What the kernel does not tell is absent; a group that is gone uses nothing.
func (r *Reader) Usage(g Group) (api.Usage, error) {
	reading := reading{Reader: r, group: g}
	defer reading.close()
	usage := api.Usage{CPU: reading.cpu(), Memory: reading.memory(), Pids: reading.pids(), IO: reading.io(), Pressure: reading.pressure()}
	return usage, reading.err
}

// reading is one group while it is read.
type reading struct {
	*Reader
	group Group
	// folders are the group's that were opened so far.
	folders []folder
	// err is the first failure that does not just mean that there is no such thing.
	err error
}

// folder is a group's in one hierarchy, open; a descriptor below 0 stands for none.
type folder struct {
	mount      string
	version    int
	descriptor int
}

func (f folder) there() bool { return f.descriptor >= 0 }

// with opens the group's folder in the hierarchy that has a controller.
func (r *reading) with(controller string) folder {
	h, ok := r.tree.with(controller)
	if !ok {
		return folder{descriptor: -1}
	}
	return r.in(h)
}

// unified opens the group's folder in the hierarchy of version 2, which tells something without any controller.
func (r *reading) unified() folder {
	for _, h := range r.tree.Mounted {
		if h.Version == 2 {
			return r.in(h)
		}
	}
	return folder{descriptor: -1}
}

func (r *reading) in(h Hierarchy) folder {
	for _, f := range r.folders {
		if f.mount == h.Mount {
			return f
		}
	}
	f := folder{h.Mount, h.Version, -1}
	opened, err := unix.Open(r.group.Folder(h), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == nil {
		f.descriptor = opened
	}
	r.fail(err)
	r.folders = append(r.folders, f)
	return f
}

func (r *reading) close() {
	for _, f := range r.folders {
		if f.there() {
			unix.Close(f.descriptor)
		}
	}
}

// fail notes a failure, unless it means that there is no such file or group, or that the kernel does not account for it.
func (r *reading) fail(err error) {
	if err != nil && r.err == nil && !Gone(err) && !errors.Is(err, unix.EOPNOTSUPP) {
		r.err = err
	}
}
