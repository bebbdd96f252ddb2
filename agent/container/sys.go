package container

import (
	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/cgroup"
)

// mountSys mounts a read-only sysfs.
func mountSys(c script) {
	c.mountOver("sys", c.newMount("sysfs", noProgramsNoDevices|unix.MOUNT_ATTR_RDONLY))
}

// mountControlGroup shows the container its own control group, where version 2 is all there is.
func mountControlGroup(c script, s spec) {
	if pure(s.entered) {
		c.attach(c.newMount("cgroup2", noProgramsNoDevices|unix.MOUNT_ATTR_RDONLY), "sys/fs/cgroup")
	}
}

func pure(entered []cgroup.Hierarchy) bool { return len(entered) == 1 && entered[0].Version == 2 }
