package container

import (
	"encoding/binary"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/recipe"
)

func nameHost(c script, s spec) {
	c.call("sethostname", s.hostname, unix.SYS_SETHOSTNAME, c.text(s.hostname), number(len(s.hostname)))
}

// bringUpLoopback makes 127.0.0.1 and ::1 usable, which is all there is in a network of one's own.
func bringUpLoopback(c script, s spec) {
	if s.hostNetwork {
		return
	}
	// struct ifreq: the name in 16 bytes, then flags, in 40 bytes all together.
	request := make([]byte, 40)
	copy(request, "lo")
	binary.NativeEndian.PutUint16(request[unix.IFNAMSIZ:], unix.IFF_UP|unix.IFF_RUNNING)
	c.call("socket", "", unix.SYS_SOCKET, number(unix.AF_INET), number(unix.SOCK_DGRAM|unix.SOCK_CLOEXEC), number(0)).SaveIn(recipe.Scratch)
	c.call("bring up", "lo", unix.SYS_IOCTL, from(recipe.Scratch), number(unix.SIOCSIFFLAGS), c.recipe.Bytes(request))
}
