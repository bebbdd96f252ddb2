package container

import (
	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/recipe"
)

// What Docker hides from containers, and what it lets them only read. Paths that this kernel does not have are left out
// at each start, not here: a container may be started again on another kernel.
var (
	maskedFiles = []string{
		"proc/interrupts", "proc/kcore", "proc/keys", "proc/latency_stats", "proc/sched_debug", "proc/timer_list", "proc/timer_stats",
	}
	maskedFolders = []string{"proc/acpi", "proc/asound", "proc/scsi", "sys/devices/virtual/powercap", "sys/firmware"}
	readOnlyPaths = []string{"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"}
)

const noProgramsNoDevices = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC

func mountProc(c script) {
	c.mountOver("proc", c.newMount("proc", noProgramsNoDevices))
}

// mountOver mounts on a folder of the image, which is made where it is missing. Nothing is followed: an image whose
// /proc, /dev or /sys is a symbolic link is refused by the kernel, for mounting a folder on something else.
func (s script) mountOver(name string, mount recipe.Register) {
	s.makeFolder(name).Tolerate(unix.EEXIST)
	s.attach(mount, name)
}

// maskPaths runs after the mounts of dev and sys, from which it takes what it masks with: a null device and an empty
// folder, both on read-only mounts, so that the container can change neither.
func maskPaths(c script) {
	const emptyFolder = "sys/fs/cgroup" // of sysfs itself, where a file system may be mounted and nothing can be made
	mask := func(path, with string) {
		opened := c.open(path, unix.O_PATH).Tolerate(unix.ENOENT)
		on := opened.SaveIn(recipe.Scratch)
		opened.Then(func() { c.attachOpened(c.clone(with).SaveIn(recipe.OtherScratch), on, path) })
	}
	for _, path := range maskedFiles {
		mask(path, "dev/null")
	}
	for _, path := range maskedFolders {
		mask(path, emptyFolder)
	}
	for _, path := range readOnlyPaths {
		cloned := c.clone(path).Tolerate(unix.ENOENT)
		mount := cloned.SaveIn(recipe.Scratch)
		cloned.Then(func() {
			c.changeOpened(mount, path, unix.MOUNT_ATTR_RDONLY)
			c.attach(mount, path)
		})
	}
}
