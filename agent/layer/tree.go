package layer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// tree is a layer's file tree while an archive is unpacked into it. Every path is resolved by the kernel below root
// (openat2 with RESOLVE_IN_ROOT, as if root were "/"), so that a link in the archive leads nowhere else; the last name is
// never followed.
type tree struct {
	ctx  context.Context
	root *os.File
	// at and atPath are the folder opened last: entries of one folder follow one another.
	at     int
	atPath string
	// times are those of folders, set at the end because every entry made in a folder changes its time.
	times map[string]unix.Timespec
	// implied are folders the archive has no entry for.
	implied map[string]bool
	buffer  []byte
}

// openTree takes the folder to unpack into. The caller closes the tree.
func openTree(ctx context.Context, path string) (*tree, error) {
	root, err := os.OpenFile(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open the folder to unpack into: %w", err)
	}
	return &tree{
		ctx: ctx, root: root, at: -1,
		times:   map[string]unix.Timespec{".": {}},
		implied: map[string]bool{".": true},
	}, nil
}

func (t *tree) close() {
	t.leave()
	t.root.Close()
}

// leave closes the folder opened last.
func (t *tree) leave() {
	if t.at >= 0 {
		unix.Close(t.at)
		t.at = -1
	}
}

// folder opens a folder of the tree, making it and those above it where they are missing. The descriptor stays the
// tree's.
func (t *tree) folder(path string) (int, error) {
	fd, err := t.existing(path)
	if err == unix.ENOENT {
		if fd, err = t.make(path); err == nil {
			t.leave()
			t.at, t.atPath = fd, path
		}
	}
	return fd, err
}

// existing opens a folder of the tree as folder does, but makes none.
func (t *tree) existing(path string) (int, error) {
	if t.at >= 0 && t.atPath == path {
		return t.at, nil
	}
	fd, err := t.open(path)
	if err != nil {
		return -1, err
	}
	t.leave()
	t.at, t.atPath = fd, path
	return fd, nil
}

// make makes the folders of a path one after the other.
func (t *tree) make(path string) (int, error) {
	fd, err := t.open(".")
	if err != nil {
		return -1, err
	}
	made := ""
	for _, name := range strings.Split(path, "/") {
		made = filepath.Join(made, name)
		next, err := t.open(made)
		if err == unix.ENOENT {
			if err = unix.Mkdirat(fd, name, 0o755); err == nil {
				// The process's umask may have taken bits away.
				err = unix.Fchmodat(fd, name, 0o755, 0)
				t.implied[made], t.times[made] = true, unix.Timespec{}
			}
			if err == nil {
				next, err = t.open(made)
			}
		}
		unix.Close(fd)
		if err != nil {
			return -1, err
		}
		fd = next
	}
	return fd, nil
}

// open opens a folder of the tree, following links inside the tree.
func (t *tree) open(path string) (int, error) {
	how := unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV,
	}
	for {
		fd, err := unix.Openat2(int(t.root.Fd()), path, &how)
		// The kernel gives up on a ".." of a link when anything anywhere is renamed meanwhile.
		if err != unix.EAGAIN && err != unix.EINTR {
			return fd, err
		}
	}
}

// place is one name in an open folder of the tree.
type place struct {
	tree   *tree
	folder int
	name   string
	// path is the whole path in the tree, as the archive spells it but without needless parts.
	path string
}

// place opens the folder of a path.
func (t *tree) place(path string) (place, error) {
	folder, err := t.folder(filepath.Dir(path))
	return place{t, folder, filepath.Base(path), path}, err
}

// kind is the file type bits of what is there, 0 for nothing, and the device number.
func (p place) kind() (uint32, uint64, error) {
	var stat unix.Stat_t
	err := unix.Fstatat(p.folder, p.name, &stat, unix.AT_SYMLINK_NOFOLLOW)
	if err == unix.ENOENT {
		return 0, 0, nil
	}
	return stat.Mode & unix.S_IFMT, stat.Rdev, err
}

// clear removes whatever is there, a folder with all that is in it.
func (p place) clear() error {
	err := unix.Unlinkat(p.folder, p.name, 0)
	if err != unix.EISDIR {
		return err
	}
	if err := os.RemoveAll(p.proc()); err != nil {
		return err
	}
	for path := range p.tree.times {
		if path == p.path || strings.HasPrefix(path, p.path+"/") {
			delete(p.tree.times, path)
			delete(p.tree.implied, path)
		}
	}
	return nil
}

// proc is a path to the place for calls that take no folder descriptor.
func (p place) proc() string { return fmt.Sprintf("/proc/self/fd/%d/%s", p.folder, p.name) }
