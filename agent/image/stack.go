package image

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/layer"
	"pulumi-slipway/agent/store"
)

// stack is the layers of an image, lowest first, seen as overlayfs will merge them.
type stack []level

// level is one layer of a stack.
type level struct {
	root    *os.File
	implied map[string]bool
}

// openStack opens the layers. They are on the host: the caller has leases on them.
func openStack(s *store.Store, digests []string) (stack, error) {
	var opened stack
	for _, digest := range digests {
		record, err := layer.Read(s, digest)
		if err != nil {
			opened.close()
			return nil, err
		}
		root, err := os.OpenFile(s.LayerTree(digest), unix.O_PATH|unix.O_DIRECTORY, 0)
		if err != nil {
			opened.close()
			return nil, fmt.Errorf("open layer %s: %w", digest, err)
		}
		implied := map[string]bool{}
		for _, path := range record.Implied {
			implied[string(path)] = true
		}
		opened = append(opened, level{root, implied})
	}
	return opened, nil
}

func (st stack) close() {
	for _, level := range st {
		level.root.Close()
	}
}

// sight is what one layer has at a path.
type sight struct {
	// folder is what it says of a folder there, nil where there is none.
	folder *attributes
	// link is where a symbolic link there points.
	link string
	// hides tells that nothing below this layer shows at the path.
	hides bool
}

// look follows a path name by name, and no link.
func (l level) look(path string) (sight, error) {
	var seen sight
	at := int(l.root.Fd())
	names := strings.Split(path, "/")
	for i, name := range names {
		next, err := unix.Openat(at, name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if i > 0 {
			unix.Close(at)
		}
		if err == unix.ENOENT {
			return seen, nil
		}
		if err != nil {
			return seen, &os.PathError{Op: "open", Path: path, Err: err}
		}
		at = next
		var stat unix.Stat_t
		if err := unix.Fstat(at, &stat); err != nil {
			unix.Close(at)
			return seen, &os.PathError{Op: "stat", Path: path, Err: err}
		}
		if stat.Mode&unix.S_IFMT == unix.S_IFDIR {
			seen.hides = seen.hides || isOpaque(at)
			continue
		}
		defer unix.Close(at)
		seen.hides = true
		if stat.Mode&unix.S_IFMT == unix.S_IFLNK && i == len(names)-1 {
			seen.link, err = readLink(at)
		}
		return seen, err
	}
	defer unix.Close(at)
	var err error
	seen.folder, err = attributesOf(at)
	return seen, err
}

func isOpaque(folder int) bool {
	var value [2]byte
	n, err := unix.Getxattr(procPath(folder), "trusted.overlay.opaque", value[:])
	return err == nil && n == 1 && value[0] == 'y'
}

func readLink(fd int) (string, error) {
	target := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", target)
	if err != nil {
		return "", os.NewSyscallError("readlink", err)
	}
	return string(target[:n]), nil
}

// procPath is a path to an open file for calls that take no descriptor.
func procPath(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }
