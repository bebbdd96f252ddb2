package container

import (
	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/recipe"
)

// fileSources takes hold of the files that the container is to see, while the host's paths still lead somewhere.
func fileSources(c script, s spec) []recipe.Register {
	sources := make([]recipe.Register, len(s.files))
	for i, file := range s.files {
		sources[i] = c.clone(file.source).Save()
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
		c.call("openat2", file.target, unix.SYS_OPENAT2, here, c.text(file.target), how, number(unix.SizeofOpenHow)).SaveIn(recipe.Scratch)
		c.attachOpened(sources[i], recipe.Scratch, file.target)
	}
}
