package container

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/recipe"
)

// capabilities are those a container's root has: Docker's default.
var capabilities = []int{
	unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FSETID, unix.CAP_FOWNER, unix.CAP_MKNOD, unix.CAP_NET_RAW,
	unix.CAP_SETGID, unix.CAP_SETUID, unix.CAP_SETFCAP, unix.CAP_SETPCAP, unix.CAP_NET_BIND_SERVICE,
	unix.CAP_SYS_CHROOT, unix.CAP_KILL, unix.CAP_AUDIT_WRITE,
}

// dropPrivileges leaves the container's capabilities in the bounding set and gives them to root. Nobody gets
// inheritable or ambient ones (CVE-2022-24769). A change of user drops the rest by itself.
func dropPrivileges(c script, s spec) {
	kept := capabilitySet(capabilities)
	// 64 is more than there are: a kernel that has more than today's must drop those too.
	for capability := range 64 {
		if kept&(1<<capability) == 0 {
			c.call("drop from the bounding set", "capability", unix.SYS_PRCTL, number(unix.PR_CAPBSET_DROP), number(capability), number(0), number(0), number(0)).
				Tolerate(unix.EINVAL)
		}
	}
	if s.user.uid != 0 {
		// The user has to be able to open /dev/stdout and /dev/stderr, which are pipes that root made.
		for _, descriptor := range []int{1, 2} {
			c.call("fchown", "standard descriptors", unix.SYS_FCHOWN, number(descriptor), recipe.Number(s.user.uid), recipe.Number(^uint32(0)))
		}
	}
	groups := make([]byte, 0, 4*len(s.user.groups))
	for _, group := range s.user.groups {
		groups = binary.NativeEndian.AppendUint32(groups, group)
	}
	c.call("setgroups", "", unix.SYS_SETGROUPS, number(len(s.user.groups)), c.recipe.Bytes(groups))
	uid, gid := recipe.Number(s.user.uid), recipe.Number(s.user.gid)
	c.call("setresgid", "", unix.SYS_SETRESGID, gid, gid, gid)
	c.call("setresuid", "", unix.SYS_SETRESUID, uid, uid, uid)
	if s.user.uid != 0 {
		kept = 0
	}
	c.call("prctl", "ambient capabilities", unix.SYS_PRCTL, number(unix.PR_CAP_AMBIENT), number(unix.PR_CAP_AMBIENT_CLEAR_ALL), number(0), number(0), number(0))
	c.setCapabilities(kept)
	c.call("prctl", "no new privileges", unix.SYS_PRCTL, number(unix.PR_SET_NO_NEW_PRIVS), number(1), number(0), number(0), number(0))
}

func capabilitySet(of []int) uint64 {
	var set uint64
	for _, capability := range of {
		set |= 1 << capability
	}
	return set
}

// setCapabilities makes a set effective and permitted, and nothing inheritable.
func (s script) setCapabilities(set uint64) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{
		{Effective: uint32(set), Permitted: uint32(set)}, {Effective: uint32(set >> 32), Permitted: uint32(set >> 32)},
	}
	s.call("capset", "", unix.SYS_CAPSET, s.recipe.Bytes(memory(&header)), s.recipe.Bytes(memory(&data)))
}
