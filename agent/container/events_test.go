package container

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// hog is a program that is killed for want of memory, and noForks one that wants more processes than it may have.
const (
	hog     = "dd if=/dev/zero of=/dev/null bs=64M count=1"
	noForks = "for i in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done"
)

// told is what a container's answer and its summary say.
func (h *host) told(incarnation string) (oom, pids bool, counts [2]int64) {
	h.t.Helper()
	s, err := h.summary(incarnation)
	if err != nil {
		h.t.Fatal(err)
	}
	if s.OOMKilled == nil || s.PidsLimitReached == nil || s.OOMKills == nil || s.PidsMaxReached == nil {
		h.t.Fatalf("untold: %+v", s)
	}
	return *s.OOMKilled, *s.PidsLimitReached, [2]int64{*s.OOMKills, *s.PidsMaxReached}
}

func TestWantOfMemoryIsToldWithItsLimit(t *testing.T) {
	h := newHost(t)
	r := h.shell("")
	r.Command = strings.Fields(hog)
	r.Resources = resources(t, `{"memory":{"max":16777216}}`)
	incarnation := nonce()
	problem := h.refused(incarnation, r, api.CodeJobFailed)
	if !strings.Contains(problem.Detail, "the kernel killed 1 process of it for want of memory: its limit `memory` is 16.0 MiB") {
		t.Error(describe(problem))
	}
	if oom, pids, counts := h.told(incarnation); !oom || pids || counts != [2]int64{1, 0} {
		t.Error(oom, pids, counts)
	}
	// The next run is another one.
	r.Resources = resources(t, `{"memory":{"max":268435456}}`)
	h.put(incarnation, r)
	if oom, pids, counts := h.told(incarnation); oom || pids || counts != [2]int64{} {
		t.Error(oom, pids, counts)
	}
	r = h.shell("sleep 1000 & sleep 1000 & sleep 1000 & exit 5")
	r.Resources = resources(t, `{"pids":{"max":3}}`)
	if problem := h.refused(nonce(), r, api.CodeJobFailed); !strings.Contains(problem.Detail, "its `pidsLimit` is 3") {
		t.Error(describe(problem))
	}
}

// What happened in an earlier run is not what happened in the last one, also where nobody could take that down.
func TestWhatHappenedBeforeIsForgotten(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	r := h.service("[ -e /again ] || " + hog + "; echo done > /again; echo ready")
	r.Resources = resources(t, `{"memory":{"max":16777216}}`)
	for run, want := range []bool{true, false} {
		h.put(incarnation, r)
		await(t, "it has tried", func() bool { return len(h.log(incarnation)) > run })
		if oom, _, _ := h.told(incarnation); oom != want {
			t.Errorf("run %d: %v", run, oom)
		}
		p, err := h.find(incarnation)
		if err != nil {
			t.Fatal(err)
		}
		if run == 1 {
			monitor, err := p.monitorOf()
			if err != nil || monitor == 0 {
				t.Fatal(monitor, err)
			}
			if err := unix.Kill(monitor, unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.stop(t.Context(), p); err != nil {
			t.Fatal(describe(err))
		}
	}
	if answer := h.get(incarnation); answer.OOMKilled != nil {
		t.Errorf("the run before: %v", *answer.OOMKilled)
	}
}

// What is told is the same while the container runs, after its end, and where its monitor was killed in between.
func TestWhatHappenedIsKept(t *testing.T) {
	for _, adopted := range []bool{false, true} {
		h := newHost(t)
		incarnation := nonce()
		r := h.service(hog + "; (" + noForks + ") 2> /dev/null; echo done")
		r.Resources = resources(t, `{"memory":{"max":16777216},"pids":{"max":6}}`)
		h.put(incarnation, r)
		await(t, "it has tried all", func() bool { return strings.Contains(strings.Join(h.log(incarnation), " "), "done") })
		oom, pids, counts := h.told(incarnation)
		if !oom || !pids || counts[0] != 1 || counts[1] < 1 {
			t.Error(oom, pids, counts)
		}
		p, err := h.find(incarnation)
		if err != nil {
			t.Fatal(err)
		}
		if adopted {
			monitor, err := p.monitorOf()
			if err != nil || monitor == 0 {
				t.Fatal(monitor, err)
			}
			if err := unix.Kill(monitor, unix.SIGKILL); err != nil {
				t.Fatal(err)
			}
			await(t, "the monitor is gone", func() bool { now, err := p.monitorOf(); return err == nil && now == 0 })
			if err := h.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.Kill(t.Context(), incarnation); err != nil {
			t.Fatal(describe(err))
		}
		oomAfter, pidsAfter, countsAfter := h.told(incarnation)
		if !oomAfter || !pidsAfter || countsAfter[0] != counts[0] || countsAfter[1] < counts[1] {
			t.Errorf("adopted %v: %v %v %v, before %v", adopted, oomAfter, pidsAfter, countsAfter, counts)
		}
		if left, err := h.tree.Containers(); err != nil || len(left) > 0 {
			t.Errorf("the groups are still there: %v, %v", left, err)
		}
	}
}

func TestAForkBombIsRemovedWithItsContainer(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	r := h.shell("bomb() { while :; do bomb & done; }; bomb 2> /dev/null & exec sleep 1000")
	r.Wait = "running"
	r.Resources = resources(t, `{"pids":{"max":100}}`)
	h.put(incarnation, r)
	await(t, "its limit is reached", func() bool { _, pids, _ := h.told(incarnation); return pids })
	h.delete(incarnation)
	h.nothingIsLeft()
}
