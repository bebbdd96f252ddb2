package layer

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// add makes one entry of an archive. A later entry of the same name takes the earlier one's place; a folder keeps what
// is in it.
func (t *tree) add(header *tar.Header, content io.Reader) error {
	path, err := inside(header.Name)
	if err != nil {
		return err
	}
	if hides, is := whiteout(path); is {
		return t.hide(path, hides)
	}
	if path == "." && header.Typeflag != tar.TypeDir {
		return failed("unpack", header.Name, fmt.Errorf("%w: the layer's root can only be a folder", errInvalid))
	}
	p, err := t.place(path)
	if err != nil {
		return failed("open the folder of", header.Name, err)
	}
	if hasContent(header) {
		return p.makeFile(header, content)
	}
	switch header.Typeflag {
	case tar.TypeDir:
		return p.makeFolder(header)
	case tar.TypeLink:
		return p.makeLink(header)
	case tar.TypeSymlink:
		return p.makeOther("symlink", header, func() error { return unix.Symlinkat(header.Linkname, p.folder, p.name) })
	case tar.TypeFifo, tar.TypeChar, tar.TypeBlock:
		return p.makeOther("mknod", header, func() error { return p.makeNode(header) })
	default:
		return failed("unpack", header.Name, fmt.Errorf("%w: entries of type %q are unknown", errInvalid, header.Typeflag))
	}
}

// hasContent tells whether an entry is a file with bytes of its own.
func hasContent(header *tar.Header) bool {
	switch header.Typeflag {
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		return true
	default:
		return false
	}
}

func (p place) makeFolder(header *tar.Header) error {
	is, device, err := p.kind()
	if err != nil {
		return failed("stat", header.Name, err)
	}
	hidden := is == unix.S_IFCHR && device == 0
	if is != unix.S_IFDIR {
		if is != 0 {
			err = p.clear()
		}
		if err == nil {
			err = unix.Mkdirat(p.folder, p.name, 0o700)
		}
		if err == nil && hidden {
			err = unix.Lsetxattr(p.proc(), opaqueAttribute, []byte("y"), 0)
		}
		if err != nil {
			return failed("mkdir", header.Name, err)
		}
	}
	delete(p.tree.implied, p.path)
	return p.setAttributes(header)
}

// makeLink makes a hard link to an earlier entry. Its name is a path of the archive, not one relative to the link.
func (p place) makeLink(header *tar.Header) error {
	target, err := inside(header.Linkname)
	if err != nil {
		return fmt.Errorf("hard link %s: %w", header.Name, err)
	}
	folder, err := p.tree.open(filepath.Dir(target))
	if err == nil {
		defer unix.Close(folder)
		if target == p.path {
			// An archive may link a file to itself; there is nothing to do but to see that it is there.
			return linkFailed(header, unix.Faccessat(folder, filepath.Base(target), unix.F_OK, unix.AT_SYMLINK_NOFOLLOW))
		}
		link := func() error { return unix.Linkat(folder, filepath.Base(target), p.folder, p.name, 0) }
		if err = link(); err == unix.EEXIST {
			if err = p.clear(); err == nil {
				err = link()
			}
		}
	}
	return linkFailed(header, err)
}

func linkFailed(header *tar.Header, err error) error {
	switch err {
	case unix.EPERM:
		err = fmt.Errorf("%w: %q is a folder, and there are no hard links to folders (%w)", errInvalid, header.Linkname, err)
	case unix.ENOENT, unix.ENOTDIR, unix.ELOOP:
		err = fmt.Errorf("%w: the archive has no %q before it to link to (%w)", errInvalid, header.Linkname, err)
	}
	return failed("link", header.Name, err)
}

// makeFile writes a file's bytes. Those of a sparse file come with its holes as zeros, which are made holes again.
func (p place) makeFile(header *tar.Header, content io.Reader) error {
	fd, err := unix.Openat(p.folder, p.name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err == unix.EEXIST {
		if err = p.clear(); err == nil {
			fd, err = unix.Openat(p.folder, p.name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
		}
	}
	if err != nil {
		return failed("create", header.Name, err)
	}
	file := os.NewFile(uintptr(fd), header.Name)
	if sparse(header) {
		// Asking for the size first makes the kernel refuse at once what the file system could never hold.
		if err = file.Truncate(header.Size); err == nil {
			err = p.tree.copy(&sparseFile{File: file}, content)
		}
	} else {
		err = p.tree.copy(file, content)
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return failed("write", header.Name, err)
	}
	return p.setAttributes(header)
}

// makeOther makes what has no content.
func (p place) makeOther(step string, header *tar.Header, make func() error) error {
	err := make()
	if err == unix.EEXIST {
		if err = p.clear(); err == nil {
			err = make()
		}
	}
	if err != nil {
		return failed(step, header.Name, err)
	}
	return p.setAttributes(header)
}

// makeNode makes a pipe or a device. Devices cannot be opened in a container, whose root is mounted nodev.
func (p place) makeNode(header *tar.Header) error {
	const largestMajor, largestMinor = 1<<12 - 1, 1<<20 - 1
	if header.Devmajor < 0 || header.Devmajor > largestMajor || header.Devminor < 0 || header.Devminor > largestMinor {
		return fmt.Errorf("%w: there is no device %d:%d", errInvalid, header.Devmajor, header.Devminor)
	}
	types := map[byte]uint32{tar.TypeFifo: unix.S_IFIFO, tar.TypeChar: unix.S_IFCHR, tar.TypeBlock: unix.S_IFBLK}
	device := unix.Mkdev(uint32(header.Devmajor), uint32(header.Devminor))
	return unix.Mknodat(p.folder, p.name, types[header.Typeflag]|0o600, int(device))
}
