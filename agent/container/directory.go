package container

import (
	"strings"

	"golang.org/x/sys/unix"
)

// enterDirectory makes the root read-only if asked, after making what is missing of the working directory.
func enterDirectory(c script, s spec) {
	for at := 1; at < len(s.directory); at++ {
		end := strings.IndexByte(s.directory[at:], '/')
		if end < 0 {
			end = len(s.directory) - at
		}
		at += end
		// Whatever keeps a folder from being made keeps it from being entered too, which says it better.
		c.makeFolder(s.directory[:at]).Tolerate(unix.EEXIST, unix.ENOTDIR, unix.EROFS, unix.ENOENT, unix.EACCES, unix.ELOOP)
	}
	if s.readOnly {
		c.change("/", 0, unix.MOUNT_ATTR_RDONLY, 0)
	}
	if s.directory != "/" {
		c.call("chdir", s.directory, unix.SYS_CHDIR, c.text(s.directory))
	}
}
