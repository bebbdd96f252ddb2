package container

import (
	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/recipe"
)

// writeFiles writes the files that are put over those of the image, and takes hold of each. They lie on the container's
// own /dev, in the folder on which its shared memory is mounted afterwards, so that they are seen nowhere else, cost
// nothing on the host's disk, and are new at every start.
func writeFiles(c script, s spec) []recipe.Register {
	sources := make([]recipe.Register, len(s.files))
	for i, file := range s.files {
		path := "dev/shm/" + file.name
		c.call("create", path, unix.SYS_OPENAT, here, c.text(path), number(unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC), number(0o644)).SaveIn(recipe.Scratch)
		c.call("write", path, unix.SYS_WRITE, from(recipe.Scratch), c.text(file.content), number(len(file.content)))
		sources[i] = c.clone(path).Save()
	}
	return sources
}

// bindFiles puts the files over those of the image, after the old root is gone. Symbolic links of the image are followed
// inside it, as Docker does, but not those of /proc that lead to open descriptors. What is missing is made. A pipe
// or a device in the place of a file must not keep the start waiting.
func bindFiles(c script, s spec, sources []recipe.Register) {
	if len(s.files) == 0 {
		return
	}
	how := c.recipe.Bytes(memory(&unix.OpenHow{
		Flags: unix.O_RDONLY | unix.O_CREAT | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC, Mode: 0o644,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	}))
	c.makeFolder("/etc").Tolerate(unix.EEXIST)
	for i, file := range s.files {
		target := "/etc/" + file.name
		c.call("openat2", target, unix.SYS_OPENAT2, here, c.text(target), how, number(unix.SizeofOpenHow)).SaveIn(recipe.Scratch)
		if s.readOnly {
			c.changeOpened(sources[i], target, unix.MOUNT_ATTR_RDONLY)
		}
		c.attachOpened(sources[i], recipe.Scratch, target)
	}
}
