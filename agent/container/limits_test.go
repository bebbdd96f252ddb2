package container

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
)

func TestLimitsAreEnforced(t *testing.T) {
	h := newHost(t)
	r := h.shell("(for i in $(seq 12); do sleep 0.2 & done) 2>&1 | grep -q fork && echo no more processes")
	r.PidsLimit = 6
	expect(t, "processes", strings.Split(h.output(r), "\n"), []string{"no more processes"})

	r = h.shell("")
	r.Memory = 16 << 20
	r.Command = []string{"dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"}
	problem := h.refused(nonce(), r, api.CodeJobFailed)
	if *problem.ExitCode != 137 || !strings.Contains(problem.Detail, "SIGKILL") {
		t.Error(describe(problem))
	}
	for limits, names := range map[[3]float64]string{{1, 0, 0}: "memory", {0, 0.001, 0}: "cpus", {0, 0, 5e6}: "pidsLimit"} {
		r := h.shell("")
		r.Memory, r.CPUs, r.PidsLimit = int64(limits[0]), limits[1], int64(limits[2])
		if problem := h.refused(nonce(), r, api.CodeInvalid); !strings.Contains(problem.Detail, names) {
			t.Error(problem)
		}
	}
}

// A limit below what a container uses is refused, whatever the kernel would do to hold it.
func TestMemoryInUseIsNotTakenAway(t *testing.T) {
	swaps, err := os.ReadFile("/proc/swaps")
	if err != nil || strings.Count(string(swaps), "\n") > 1 {
		t.Skip("what a container uses could be swapped out: ", err)
	}
	h := newHost(t)
	incarnation := nonce()
	r := h.service("head -c 30000000 /dev/zero > /dev/shm/used; echo full")
	r.Memory = 64 << 20
	h.put(incarnation, r)
	await(t, "it is full", func() bool { return len(h.log(incarnation)) > 0 })
	pid := h.pid(incarnation)
	lower := r
	lower.Memory = 16 << 20
	problem := h.refused(incarnation, lower, api.CodeLimitUnsupported)
	if !strings.Contains(problem.Detail, "uses more than that now") {
		t.Error(describe(problem))
	}
	if answer := h.get(incarnation); h.pid(incarnation) != pid || *answer.Limits.Memory != r.Memory {
		t.Errorf("%+v", answer)
	}
	r.Memory = 48 << 20
	if answer := h.put(incarnation, r); h.pid(incarnation) != pid || *answer.Limits.Memory != r.Memory {
		t.Errorf("%+v", answer)
	}
}

func TestLimitsChangeOnTheRunningContainer(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	r := h.service("echo ready")
	r.Memory, r.CPUs, r.PidsLimit = 64<<20+1, 1.0/3, 20
	check := func(what string, l *api.ContainerLimits, want api.ContainerRequest) {
		t.Helper()
		if got := heldLimits(l); got != limitsOf(want) {
			t.Errorf("%s: %+v", what, got)
		}
	}
	check("made", h.put(incarnation, r).Limits, r)
	pid := h.pid(incarnation)
	r.Memory, r.CPUs, r.PidsLimit = 256<<20, 0, 30
	check("changed", h.put(incarnation, r).Limits, r)
	check("observed", h.get(incarnation).Limits, r)

	// Somebody else changes them: seen as what they are, and put right.
	p, err := h.find(incarnation)
	if err != nil {
		t.Fatal(err)
	}
	for _, entered := range h.tree.Entered {
		for _, name := range []string{"memory.limit_in_bytes", "memory.max"} {
			file, err := os.OpenFile(filepath.Join(p.group.Folder(entered), name), os.O_WRONLY, 0)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := file.WriteString("134217728"); err != nil {
				t.Fatal(err)
			}
			file.Close()
		}
	}
	drifted := r
	drifted.Memory = 128 << 20
	check("drifted", h.get(incarnation).Limits, drifted)
	check("repaired", h.put(incarnation, r).Limits, r)
	if h.pid(incarnation) != pid {
		t.Error("the process is another one")
	}

	// The next start has the limits of the last request, not of the first.
	if err := h.stop(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	check("started again", h.put(incarnation, r).Limits, r)
}
