package container

import (
	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/recipe"
)

// beginSession gives the child a session and a keyring of its own, no blocked signals, and its standard descriptors.
func beginSession(c script) {
	const empty, size = "\x00\x00\x00\x00\x00\x00\x00", 8
	c.call("rt_sigprocmask", "", unix.SYS_RT_SIGPROCMASK, number(unix.SIG_SETMASK), c.text(empty), number(0), number(size))
	c.call("setsid", "", unix.SYS_SETSID)
	// A kernel without keyrings, or with no room for one more, still runs containers.
	c.call("keyctl", "session keyring", unix.SYS_KEYCTL, number(unix.KEYCTL_JOIN_SESSION_KEYRING), number(0)).
		Tolerate(unix.ENOSYS, unix.EDQUOT, unix.ENOMEM, unix.EACCES)
	for descriptor, register := range []recipe.Register{recipe.Stdin, recipe.Stdout, recipe.Stderr} {
		c.call("dup3", "standard descriptors", unix.SYS_DUP3, from(register), number(descriptor), number(0))
	}
}

// closeForeignDescriptors closes everything the monitor had open and all that the mounts needed. It really closes
// them, before the image's folders are entered: closing on execve is too late for a working directory of
// /proc/self/fd/7 (CVE-2024-21626).
func closeForeignDescriptors(c script) {
	c.call("close_range", "", unix.SYS_CLOSE_RANGE, number(recipe.FailureDescriptor+1), recipe.Number(^uint32(0)), number(0))
}
