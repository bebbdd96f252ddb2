package host

import "testing"

func TestTheTopOfSystemdsTreeIsFoundWhereverItRuns(t *testing.T) {
	for cgroups, want := range map[string]string{
		"0::/init.scope\n": "",
		"0::/machine.slice/machine-a.scope/payload/init.scope\n":                             "machine.slice/machine-a.scope/payload/",
		"12:pids:/init.scope\n1:name=systemd:/init.scope\n0::/init.scope\n":                  "",
		"5:memory:/docker/1/init.scope\n1:name=systemd:/docker/1/init.scope\n0::/docker/1\n": "docker/1/",
		"4:name=systemd:/\n3:cpu:/\n":                                                        "",
	} {
		if got := above(cgroups); got != want {
			t.Errorf("%q: got %q, want %q", cgroups, got, want)
		}
	}
}
