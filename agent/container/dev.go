package container

import (
	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/recipe"
)

var (
	// devices are the host's nodes that every container has, with the numbers they must have.
	devices = []device{
		{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
	}
	deviceLinks = []struct{ path, target string }{
		{"dev/ptmx", "pts/ptmx"}, {"dev/fd", "/proc/self/fd"}, {"dev/core", "/proc/kcore"},
		{"dev/stdin", "/proc/self/fd/0"}, {"dev/stdout", "/proc/self/fd/1"}, {"dev/stderr", "/proc/self/fd/2"},
	}
)

type device struct {
	name         string
	major, minor uint32
}

// mountDev makes /dev. It is nodev, because a container has CAP_MKNOD and no filter of devices: what it makes it cannot
// open. The nodes are binds of the host's, which have no such flag; they are read-only, which leaves the devices
// writable but keeps the container from changing the host's node itself.
func mountDev(c script) {
	c.mountOver("dev", c.newMount("tmpfs", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_STRICTATIME, "mode=755", "size=65536k"))
	for _, d := range devices {
		path := "dev/" + d.name
		c.call("mknod", path, unix.SYS_MKNODAT, here, c.text(path), number(unix.S_IFREG|0o666), number(0))
		c.attach(c.clone("/"+path).SaveIn(recipe.Scratch), path)
	}
	c.change("dev", unix.AT_RECURSIVE, unix.MOUNT_ATTR_RDONLY, 0)
	c.change("dev", 0, 0, unix.MOUNT_ATTR_RDONLY)
	for _, name := range []string{"dev/pts", "dev/shm", "dev/mqueue"} {
		c.makeFolder(name)
	}
	for _, l := range deviceLinks {
		c.link(l.target, l.path)
	}
}

// mountBelowDev mounts terminals, shared memory and message queues.
func mountBelowDev(c script) {
	c.attach(c.newMount("devpts", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC, "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"), "dev/pts")
	c.attach(c.newMount("tmpfs", noProgramsNoDevices, "mode=1777", "size=65536k"), "dev/shm")
	c.attach(c.newMount("mqueue", noProgramsNoDevices), "dev/mqueue")
}
