package container

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/internal/testroot"
)

// An image is what a stranger wrote. Whatever its folders, links and files are, a container of it starts as asked or is
// refused with a reason, and nothing outside its tree is touched.
func TestHostileImages(t *testing.T) {
	h := newHost(t)
	busybox, err := testroot.Busybox()
	if err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	without := func(names ...string) []testroot.Entry {
		var kept []testroot.Entry
		for _, entry := range busybox {
			keep := true
			for _, name := range names {
				keep = keep && entry.Name != name
			}
			if keep {
				kept = append(kept, entry)
			}
		}
		return kept
	}
	with := func(layer []testroot.Entry, more ...testroot.Entry) []testroot.Entry {
		return slices.Concat(layer, more)
	}
	cases := map[string]struct {
		layer []testroot.Entry
		// object is what the refusal names, "" where the container starts and writes want.
		object, want string
	}{
		"no folders to mount on":   {without("proc", "dev", "sys", "etc"), "", "started"},
		"etc leads inside":         {with(without("etc"), testroot.Dir("usr"), testroot.Dir("usr/etc"), testroot.Link("etc", "/usr/etc")), "", "started"},
		"hosts leads inside":       {with(busybox, testroot.File("etc/real", ""), testroot.Link("etc/hosts", "/etc/real")), "", "started"},
		"hosts leads nowhere":      {with(busybox, testroot.Link("etc/hosts", "made")), "", "started"},
		"hosts is a folder":        {with(busybox, testroot.Dir("etc/hosts")), "/etc/hosts", ""},
		"hosts leads outside":      {with(busybox, testroot.Link("etc/hosts", "../../../../../.."+outside+"/hosts")), "/etc/hosts", ""},
		"etc leads outside":        {with(without("etc"), testroot.Link("etc", outside)), "/etc/hosts", ""},
		"etc leads to descriptors": {with(without("etc"), testroot.Link("etc", "/proc/self/fd/4")), "/etc/hosts", ""},
		"etc leads to a process":   {with(without("etc"), testroot.Link("etc", "/proc/1/root/etc")), "/etc/hosts", ""},
		"hosts is a pipe":          {with(busybox, testroot.Entry{Name: "etc/hosts", Type: '6'}), "", "started"},
		"passwd is a pipe":         {with(busybox, testroot.Entry{Name: "etc/passwd", Type: '6'}), "/etc/passwd", ""},
		"passwd leads outside":     {with(busybox, testroot.Link("etc/passwd", "/etc/../../../../etc/shadow")), "", "started"},
		"passwd is a folder":       {with(busybox, testroot.Dir("etc/passwd")), "/etc/passwd", ""},
		"passwd is huge":           {with(busybox, testroot.File("etc/passwd", strings.Repeat("x", largestAccounts+1))), "/etc/passwd", ""},
		"group leads in circles":   {with(busybox, testroot.Link("etc/group", "group")), "/etc/group", ""},
	}
	for _, name := range []string{"proc", "dev", "sys"} {
		for how, target := range map[string]string{"absolute": outside, "relative": "etc", "dangling": "none", "upwards": "../../../../tmp"} {
			cases[name+" is a link, "+how] = struct {
				layer        []testroot.Entry
				object, want string
			}{with(without(name), testroot.Link(name, target)), name, ""}
		}
		cases[name+" is a file"] = struct {
			layer        []testroot.Entry
			object, want string
		}{with(without(name), testroot.File(name, "")), name, ""}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := h.in(t)
			r := h.shell("echo started")
			r.Image = h.image(api.ImageConfig{}, c.layer)
			incarnation := nonce()
			if c.object == "" {
				h.put(incarnation, r)
				expect(t, "output", h.log(incarnation), []string{c.want})
				return
			}
			problem := h.refused(incarnation, r, api.CodeStartFailed)
			if problem.Object != c.object || problem.Left != nil || !strings.Contains(problem.Detail, c.object) {
				t.Errorf("got %s", describe(problem))
			}
			if _, err := h.find(incarnation); err == nil {
				t.Error("something is left of it")
			}
		})
	}
	left, err := os.ReadDir(outside)
	if err != nil || len(left) != 0 {
		t.Errorf("outside now holds %v, %v", left, err)
	}
}

// The kernel gives up on a ".." of a link while anything on the host is mounted or renamed; that is no reason to refuse an
// image.
func TestLinksLeadUpwardsWhileFilesAreRenamed(t *testing.T) {
	h := newHost(t)
	folders, deep := []testroot.Entry{}, "etc"
	for range 20 {
		deep += "/a"
		folders = append(folders, testroot.Dir(deep))
	}
	target := strings.TrimPrefix(deep, "etc/") + strings.Repeat("/..", 20) + "/real"
	r := h.shell("echo started")
	r.User = "web"
	r.Image = h.image(api.ImageConfig{}, mustBusybox(t), folders, []testroot.Entry{
		testroot.File("etc/real", "web:x:1:1::/:/bin/sh\n"), testroot.Link("etc/hosts", target), testroot.Link("etc/hostname", target),
		testroot.Link("etc/resolv.conf", target), testroot.Link("etc/passwd", target),
	})
	busy, stop := context.WithCancel(t.Context())
	var renaming sync.WaitGroup
	defer renaming.Wait()
	defer stop()
	file := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	renaming.Go(func() {
		for busy.Err() == nil {
			if err := errors.Join(os.Rename(file, file+"b"), os.Rename(file+"b", file)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 20 {
		h.accounts.known = nil
		if got := h.output(r); got != "started" {
			t.Errorf("%q", got)
		}
	}
}

// CVE-2024-21626: a working directory that leads through a descriptor the runtime left open. Each is refused, or is
// a folder that was made inside the container.
func TestWorkingDirectoryDoesNotLeadOut(t *testing.T) {
	h := newHost(t)
	var folders []string
	for fd := 3; fd < 64; fd++ {
		folders = append(folders, fmt.Sprintf("/proc/self/fd/%d", fd))
	}
	for fd := 3; fd < 8; fd++ {
		for _, form := range []string{"/proc/self/fd/%d/../../..", "/proc/1/fd/%d", "/dev/fd/%d/etc"} {
			folders = append(folders, fmt.Sprintf(form, fd))
		}
	}
	for _, folder := range folders {
		r := h.shell("")
		r.WorkingDir = folder
		h.refused(nonce(), r, api.CodeStartFailed)
	}
}

// CVE-2019-5736: a program that is the runtime itself, which the container then overwrites through /proc.
func TestMonitorCannotBeOverwritten(t *testing.T) {
	h := newHost(t)
	sum := func() [32]byte {
		data, err := os.ReadFile(filepath.Join(programs, monitorProgram))
		if err != nil {
			t.Fatal(err)
		}
		return sha256.Sum256(data)
	}
	before := sum()
	for _, program := range []string{"/proc/self/exe", "/script"} {
		r := h.shell("")
		r.Image = h.image(api.ImageConfig{}, mustBusybox(t), []testroot.Entry{testroot.Script("script", "#!/proc/self/exe\n")})
		r.Command = []string{program}
		// The monitor finds no order on its standard input and ends; what matters is the file.
		h.put(nonce(), r)
	}
	// The shell holds the monitor's file open, from when the child still was its fork, and tries to write to it later.
	h.put(nonce(), h.shell(`for i in 1 2 3; do for f in /proc/1/exe /proc/self/exe; do (echo overwritten > $f) 2>/dev/null; done; done; true`))
	if sum() != before {
		t.Fatal("the monitor's file has changed")
	}
	p, err := os.OpenFile(filepath.Join(h.monitors.folder.Name(), monitorProgram), os.O_WRONLY, 0)
	if err == nil {
		p.Close()
	}
	path := fmt.Sprintf("/proc/self/fd/%d/%s", h.monitors.folder.Fd(), monitorProgram)
	if file, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
		file.Close()
		t.Error("the mount that monitors are executed from is writable")
	}
}

func mustBusybox(t *testing.T) []testroot.Entry {
	t.Helper()
	entries, err := testroot.Busybox()
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestProgramsThatCannotBeExecuted(t *testing.T) {
	h := newHost(t)
	h.busybox = h.image(api.ImageConfig{}, mustBusybox(t), []testroot.Entry{
		testroot.File("plain", "#!/bin/sh\n"), testroot.Script("no-interpreter", "#!/none\n"),
		testroot.Script("garbage", "\x00\x01"), testroot.Dir("folder"), testroot.Dir("first"), testroot.File("first/tool", "#!/bin/sh\n"),
		testroot.Dir("second"), testroot.Script("second/tool", "#!/bin/sh\necho second\n"), testroot.Script("relative", "#!/bin/sh\necho relative\n"),
	})
	for program, code := range map[string]api.Code{
		"/none":           api.CodeProgramNotFound,
		"/plain/none":     api.CodeProgramNotFound,
		"none":            api.CodeProgramNotFound,
		"/no-interpreter": api.CodeProgramNotFound,
		"/plain":          api.CodeProgramNotExecutable,
		"/garbage":        api.CodeProgramNotExecutable,
		"/folder":         api.CodeProgramNotExecutable,
	} {
		r := h.shell("")
		r.Command = []string{program}
		incarnation := nonce()
		problem := h.refused(incarnation, r, code)
		if problem.Object != program || problem.Left != nil || problem.Errno == 0 {
			t.Errorf("%s: %s", program, describe(problem))
		}
		if _, err := h.find(incarnation); err == nil {
			t.Errorf("%s: something is left of it", program)
		}
	}
	tool := h.shell("")
	tool.Command, tool.Env = []string{"tool"}, map[string]string{"PATH": "/none:/first"}
	h.refused(nonce(), tool, api.CodeProgramNotExecutable)
	tool.Env["PATH"], tool.Owner = "/first:/second:/bin", "test/"+nonce()
	expect(t, "the one that may be executed", strings.Split(h.output(tool), "\n"), []string{"second"})
	tool.Command, tool.Owner = []string{"./relative"}, "test/"+nonce()
	expect(t, "a relative path", strings.Split(h.output(tool), "\n"), []string{"relative"})
	if groups, err := h.tree.Containers(); err != nil || len(groups) != 0 {
		t.Errorf("left the control groups %v, %v", groups, err)
	}
}
