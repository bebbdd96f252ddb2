package container

import "testing"

func TestFirst(t *testing.T) {
	h := newHost(t)
	out := h.output(h.shell("id; cat /proc/mounts; ls -la / /dev; hostname; echo $PATH; pwd; cat /proc/self/status | grep Cap; ls -l /proc/self/fd"))
	t.Log(out)
}
