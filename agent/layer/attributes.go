package layer

import (
	"archive/tar"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// xattrRecord starts the names of extended attributes in a PAX archive.
const xattrRecord = "SCHILY.xattr."

// kept tells which extended attributes a layer keeps: those that belong to the files. Everything else belongs to the
// file system the archive was made on, and trusted.overlay.* would tell overlayfs what to show.
func kept(attribute string) bool {
	switch attribute {
	case "security.capability", "system.posix_acl_access", "system.posix_acl_default":
		return true
	default:
		return strings.HasPrefix(attribute, "user.")
	}
}

// setAttributes gives what was made its owner, mode, extended attributes and time, in this order: a change of owner
// takes away setuid and capabilities.
func (p place) setAttributes(header *tar.Header) error {
	if err := validOwner(header.Uid, header.Gid); err != nil {
		return failed("chown", p.path, err)
	}
	if err := unix.Fchownat(p.folder, p.name, header.Uid, header.Gid, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return failed("chown", p.path, err)
	}
	if header.Typeflag != tar.TypeSymlink {
		// Follows links, of which this is none: nobody but us can reach the tree while it is made.
		if err := unix.Fchmodat(p.folder, p.name, uint32(header.Mode)&0o7777, 0); err != nil {
			return failed("chmod", p.path, err)
		}
	}
	if err := p.setXattrs(header); err != nil {
		return err
	}
	modified := unix.Timespec{Sec: header.ModTime.Unix(), Nsec: int64(header.ModTime.Nanosecond())}
	if header.Typeflag == tar.TypeDir {
		p.tree.times[p.path] = modified
		return nil
	}
	return p.setTime(modified)
}

func (p place) setTime(modified unix.Timespec) error {
	times := []unix.Timespec{modified, modified}
	return failed("utimensat", p.path, unix.UtimesNanoAt(p.folder, p.name, times, unix.AT_SYMLINK_NOFOLLOW))
}

func (p place) setXattrs(header *tar.Header) error {
	var names []string
	for record := range header.PAXRecords {
		name, is := strings.CutPrefix(record, xattrRecord)
		// Linux has attributes of users on files and folders only.
		if is && kept(name) && (hasContent(header) || header.Typeflag == tar.TypeDir || !strings.HasPrefix(name, "user.")) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if err := unix.Lsetxattr(p.proc(), name, []byte(header.PAXRecords[xattrRecord+name]), 0); err != nil {
			return failed("setxattr "+name, p.path, err)
		}
	}
	return nil
}

// largestID is the largest user or group; the number above it means "leave as it is" to the kernel.
const largestID = 1<<32 - 2

func validOwner(ids ...int) error {
	for _, id := range ids {
		if id < 0 || id > largestID {
			return fmt.Errorf("%w: the owner %d is no user or group id", errInvalid, id)
		}
	}
	return nil
}

// setFolderTimes is the last thing done to a tree.
func (t *tree) setFolderTimes() error {
	for _, path := range slices.Sorted(maps.Keys(t.times)) {
		folder, err := t.existing(filepath.Dir(path))
		if err == unix.ENOENT || err == unix.ENOTDIR || err == unix.ELOOP {
			// It was removed again under another path that leads here through a link.
			continue
		}
		if err != nil {
			return failed("open the folder of", path, err)
		}
		if err := (place{t, folder, filepath.Base(path), path}).setTime(t.times[path]); err != nil {
			return err
		}
	}
	return nil
}
