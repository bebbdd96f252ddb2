package image

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// attributes are what overlayfs takes of a folder from the highest layer that has it.
type attributes struct {
	mode     uint32
	uid, gid int
	modified unix.Timespec
	xattrs   map[string][]byte
}

// impliedAttributes are those a layer gives a folder that its archive has no entry for.
var impliedAttributes = attributes{mode: 0o755}

// matter tells whether a container would notice the difference to a folder that is merely implied.
func (a *attributes) matter() bool {
	return a.mode != impliedAttributes.mode || a.uid != 0 || a.gid != 0 || len(a.xattrs) > 0
}

func attributesOf(folder int) (*attributes, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(folder, &stat); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	list := make([]byte, 64<<10) // the kernel's own limit
	n, err := unix.Listxattr(procPath(folder), list)
	if err != nil {
		return nil, os.NewSyscallError("listxattr", err)
	}
	found := &attributes{stat.Mode & 0o7777, int(stat.Uid), int(stat.Gid), stat.Mtim, map[string][]byte{}}
	for name := range strings.SplitSeq(string(list[:n]), "\x00") {
		// trusted.* is overlayfs's own, security.* the host's.
		if !strings.HasPrefix(name, "user.") && !strings.HasPrefix(name, "system.") {
			continue
		}
		value := make([]byte, 64<<10)
		n, err := unix.Getxattr(procPath(folder), name, value)
		if err != nil {
			return nil, os.NewSyscallError("getxattr "+name, err)
		}
		found.xattrs[name] = value[:n]
	}
	return found, nil
}

// make makes a folder with the attributes.
func (a *attributes) make(path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	if err := os.Chown(path, a.uid, a.gid); err != nil {
		return err
	}
	for name, value := range a.xattrs {
		if err := unix.Setxattr(path, name, value, 0); err != nil {
			return &os.PathError{Op: "setxattr " + name, Path: path, Err: err}
		}
	}
	if err := unix.Chmod(path, a.mode); err != nil {
		return &os.PathError{Op: "chmod", Path: path, Err: err}
	}
	return nil
}
