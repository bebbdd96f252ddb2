package container

import (
	"path/filepath"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/recipe"
)

// makeGroups makes the container's control groups and sets its limits.
func makeGroups(b script, s spec) {
	for _, h := range s.entered {
		b.makeFolder(s.group.Folder(h)).Tolerate(unix.EEXIST)
	}
	for _, setting := range s.settings {
		opened := b.open(setting.Path, unix.O_WRONLY)
		file := opened.SaveIn(recipe.Scratch)
		write := func() {
			b.write(setting.Path, file, setting.Value)
			b.close(file)
		}
		if setting.Optional {
			opened.Tolerate(unix.ENOENT).Then(write)
		} else {
			write()
		}
	}
	for _, h := range s.entered {
		if h.Version == 2 {
			b.recipe.BornIn(b.open(s.group.Folder(h), unix.O_PATH|unix.O_DIRECTORY).Save())
		}
	}
}

// enterGroups moves the child into its groups of version 1; into the one of version 2 it was born. A single thread that
// moves itself, by "0" and by `tasks`, is spared the lock that makes every other move wait for a grace period of 10 to
// 20 ms. Only then comes the control group namespace, whose root is the group one is in.
func enterGroups(c script, s spec) {
	for _, h := range s.entered {
		if h.Version == 1 {
			path := filepath.Join(s.group.Folder(h), "tasks")
			c.write(path, c.open(path, unix.O_WRONLY).SaveIn(recipe.Scratch), "0")
		}
	}
	c.call("unshare", "control group namespace", unix.SYS_UNSHARE, number(unix.CLONE_NEWCGROUP))
}

// removeGroups is the monitor's last act. What happened in them is taken down before and kept after, so that neither a full
// disk nor a group that takes a moment to be empty does any harm: then the list is gone through again.
func removeGroups(a script, s spec) {
	room, size := readEvents(a, s)
	for _, h := range s.entered {
		folder := s.group.Folder(h)
		a.call("rmdir", folder, unix.SYS_UNLINKAT, here, a.text(folder), number(unix.AT_REMOVEDIR)).Tolerate(unix.ENOENT)
	}
	keepEvents(a, s, room, size)
}
