package container

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/internal/testroot"
)

// lines runs a script in a container and answers its output line by line.
func (h *host) lines(script string) []string {
	h.t.Helper()
	return strings.Split(h.output(h.shell(script)), "\n")
}

func expect(t *testing.T, what string, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What a program sees of itself: the words on the right are those of Docker's defaults.
func TestProcessStartsClean(t *testing.T) {
	h := newHost(t)
	expect(t, "status", h.lines("grep -E '^(Cap|NoNew|Groups|Sig(Blk|Ign)|Pid|NSpid|NSsid)' /proc/self/status | tr -d '\\t ' | grep -v ^Pid; umask; pwd"), []string{
		"Groups:", "NSpid:2", "NSsid:1", "SigBlk:0000000000000000", "SigIgn:0000000000000000",
		"CapInh:0000000000000000", "CapPrm:00000000a80425fb", "CapEff:00000000a80425fb", "CapBnd:00000000a80425fb",
		"CapAmb:0000000000000000", "NoNewPrivs:1", "0022", "/",
	})
	// Nothing but the standard descriptors (CVE-2024-21626). Only what is built into the shell is used, which opens
	// nothing more than the folder it lists.
	expect(t, "descriptors", h.lines("for fd in /proc/$$/fd/*; do [ -e $fd ] && echo $fd; done; true"),
		[]string{"/proc/1/fd/0", "/proc/1/fd/1", "/proc/1/fd/2"})
	expect(t, "oom_score_adj", h.lines("cat /proc/self/oom_score_adj"), []string{"0"})
	expect(t, "control groups", h.lines("cut -d: -f2- /proc/self/cgroup | sort"), ownGroups(t))
}

// ownGroups is what a container sees as its control groups: the root of every hierarchy there is.
func ownGroups(t *testing.T) []string {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(groups)) {
		all = append(all, strings.Split(line, ":")[1]+":/")
	}
	slices.Sort(all)
	return all
}

func TestMountsAreDockers(t *testing.T) {
	h := newHost(t)
	expect(t, "devices", h.lines("cd /dev; stat -c '%n %F %a %t:%T' full null random tty urandom zero; find . -type l | sort | while read l; do echo $l $(readlink $l); done"), []string{
		"full character special file 666 1:7", "null character special file 666 1:3", "random character special file 666 1:8",
		"tty character special file 666 5:0", "urandom character special file 666 1:9", "zero character special file 666 1:5",
		"./core /proc/kcore", "./fd /proc/self/fd", "./ptmx pts/ptmx", "./stderr /proc/self/fd/2",
		"./stdin /proc/self/fd/0", "./stdout /proc/self/fd/1",
	})
	expect(t, "writing to devices", h.lines("echo a > /dev/null && head -c 3 /dev/zero | wc -c; exec 2>&1; echo b > /dev/full; echo out > /dev/stdout; ls /dev/ptmx"),
		[]string{"3", "sh: write error: No space left on device", "out", "/dev/ptmx"})
	expect(t, "what cannot be done", h.lines(`
		chmod 600 /dev/null 2>/dev/null && echo chmod of the null device
		mknod /dev/disk b 254 0 && dd if=/dev/disk of=/dev/null count=1 2>/dev/null && echo read the disk
		mknod /tmp/disk b 254 0 && dd if=/tmp/disk of=/dev/null count=1 2>/dev/null && echo read the disk below /tmp
		mount -t tmpfs none /tmp 2>/dev/null && echo mount
		umount /proc/kcore 2>/dev/null && echo umount
		echo 1 2>/dev/null > /proc/sys/kernel/panic && echo sysctl
		echo h 2>/dev/null > /proc/sysrq-trigger && echo sysrq
		touch /sys/firmware/x 2>/dev/null && echo sys
		hostname other 2>/dev/null && echo hostname
		true`), []string{""})
	for _, path := range append(maskedFiles, maskedFolders...) {
		if _, err := os.Stat("/" + path); err != nil {
			continue
		}
		expect(t, path, h.lines("if [ -d /"+path+" ]; then ls -A /"+path+" | head -1; else cat /"+path+" | head -c 1; fi"), []string{""})
	}
	for _, path := range readOnlyPaths {
		if _, err := os.Stat("/" + path); err == nil {
			expect(t, path, h.lines("grep -c ' /"+path+" proc ro,' /proc/mounts"), []string{"1"})
		}
	}
	expect(t, "propagation and options", h.lines("cut -d' ' -f5-6 /proc/self/mountinfo | grep -E '^/(dev/(shm|pts|mqueue)|proc|sys|) '; grep -c shared /proc/self/mountinfo || true"), []string{
		"/ rw,nodev,relatime", "/proc rw,nosuid,nodev,noexec,relatime", "/dev/pts rw,nosuid,noexec,relatime",
		"/dev/shm rw,nosuid,nodev,noexec,relatime", "/dev/mqueue rw,nosuid,nodev,noexec,relatime", "/sys ro,nosuid,nodev,noexec,relatime", "0",
	})
}

func TestNamesAndNetwork(t *testing.T) {
	h := newHost(t)
	r := h.shell("hostname; cat /etc/hostname; tail -1 /etc/hosts; ping -c 1 -W 1 127.0.0.1 | grep -c '1 packets received'; ip -o link | wc -l; ping -c1 -W1 localhost >/dev/null && echo found; cat /etc/resolv.conf")
	r.Hostname = "web.example"
	expect(t, "own network", strings.Split(h.output(r), "\n"), []string{
		"web.example", "web.example", "127.0.0.1\tweb.example", "1", "1", "found",
	})
	r = h.shell("hostname; readlink /proc/self/ns/net; cat /etc/hosts /etc/resolv.conf")
	r.Network = "host"
	incarnation := nonce()
	h.put(incarnation, r)
	network, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	hosts, _ := os.ReadFile("/etc/hosts")
	resolv, _ := os.ReadFile("/etc/resolv.conf")
	want := incarnation[:12] + "\n" + network + "\n" + string(hosts) + string(resolv)
	expect(t, "host network", h.log(incarnation), strings.Split(strings.TrimSuffix(want, "\n"), "\n"))
}

func TestArgumentsOfTheProcess(t *testing.T) {
	h := newHost(t)
	entries, err := testroot.Busybox()
	if err != nil {
		t.Fatal(err)
	}
	accounts := []testroot.Entry{
		testroot.File("etc/passwd", "root:x:0:0::/root:/bin/sh\nweb:x:1000:1001::/home/web:/bin/sh\n"),
		testroot.File("etc/group", "root:x:0:root\nweb:x:1001:\nlogs:x:1002:web,other\nmore:x:1003:web\n"),
	}
	h.busybox = h.image(api.ImageConfig{
		Entrypoint: []string{"/bin/sh", "-c", `echo "$0" "$@"`}, Command: []string{"zero", "one"},
		Env: map[string]string{"A": "image", "B": "image"}, WorkingDir: "/srv/made/here", User: "web",
	}, entries, accounts)
	base := api.ContainerRequest{Image: h.busybox, Network: "none", Wait: "exit"}
	for name, c := range map[string]struct {
		change func(*api.ContainerRequest)
		want   string
	}{
		"the image's":      {func(r *api.ContainerRequest) {}, "zero one"},
		"other command":    {func(r *api.ContainerRequest) { r.Command = []string{"two"} }, "two"},
		"other entrypoint": {func(r *api.ContainerRequest) { r.Entrypoint = []string{"echo", "only"} }, "only"},
		"both":             {func(r *api.ContainerRequest) { r.Entrypoint, r.Command = []string{"echo", "a"}, []string{"b"} }, "a b"},
		"image's user and folder": {func(r *api.ContainerRequest) {
			r.Entrypoint = []string{"sh", "-c", "id -u; id -g; id -G; pwd; echo $HOME; stat -c %u:%a .; echo x > /dev/stderr"}
		}, "1000\n1001\n1001 1002 1003\n/srv/made/here\n/home/web\n0:755\nx"},
		"number": {func(r *api.ContainerRequest) {
			r.User, r.WorkingDir, r.Entrypoint = "4000:5000", "/tmp", []string{"sh", "-c", "id -u; id -G; pwd; echo $HOME; grep CapEff /proc/self/status | tr -d '\\t'"}
		}, "4000\n5000\n/tmp\n/\nCapEff:0000000000000000"},
		"group by name": {func(r *api.ContainerRequest) { r.User, r.Entrypoint = "0:logs", []string{"id", "-G"} }, "1002"},
		"environment": {func(r *api.ContainerRequest) {
			r.Env, r.Entrypoint, r.Hostname = map[string]string{"B": "own", "PATH": "/bin"}, []string{"env"}, "name"
		}, "A=image\nB=own\nHOME=/home/web\nHOSTNAME=name\nPATH=/bin"},
		"read-only": {func(r *api.ContainerRequest) {
			r.ReadOnly, r.User, r.Entrypoint = true, "root", []string{"sh", "-c", "touch /x 2>&1; touch /dev/shm/y && pwd; for f in hosts hostname resolv.conf; do (echo z >> /etc/$f) 2>/dev/null && echo $f; done; true"}
		}, "touch: /x: Read-only file system\n/srv/made/here"},
	} {
		t.Run(name, func(t *testing.T) {
			h := h.in(t)
			r := base
			r.Owner = "test/" + nonce()
			c.change(&r)
			if got := h.output(r); got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
	base.User, base.Owner = "nobody-here", "test/"+nonce()
	h.refused(nonce(), base, api.CodeUserUnknown)
}

func TestTwoContainersShareLayersAndNothingElse(t *testing.T) {
	h := newHost(t)
	first, second := nonce(), nonce()
	h.put(first, h.service("echo first > /mine; rm /bin/vi; echo ready"))
	h.put(second, h.service("ls /mine 2>&1; ls /bin/vi; echo ready"))
	expect(t, "what the second sees", h.log(second), []string{"ls: /mine: No such file or directory", "/bin/vi", "ready"})
	layers, err := os.ReadDir(filepath.Join(h.store.Root(), "layers"))
	if err != nil || len(layers) != 1 {
		t.Errorf("%d layers on the disk, %v", len(layers), err)
	}
	p, err := h.find(first)
	if err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadDir(p.file(upperName))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range written {
		names = append(names, entry.Name())
	}
	expect(t, "the first's own layer", names, []string{"bin", "etc", "mine"})
}
