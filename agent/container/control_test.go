package container

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// busy is a container that never rests, and ends at once when it is asked to.
func (h *host) busy() api.ContainerRequest {
	r := h.shell("trap 'exit 3' TERM; while :; do :; done")
	r.Wait = "running"
	return r
}

// runs tells whether a process gets any processor time.
func (h *host) runs(pid int) bool {
	h.t.Helper()
	used := func() string {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
		if err != nil {
			h.t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(data), " ")
		return first
	}
	before := used()
	for deadline := time.Now().Add(100 * time.Millisecond); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if used() != before {
			return true
		}
	}
	return false
}

func (h *host) frozen(incarnation string) bool {
	h.t.Helper()
	summary, err := h.summary(incarnation)
	if err != nil {
		h.t.Fatal(err)
	}
	return summary.Frozen
}

func TestAContainerIsPausedInPlace(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	r := h.busy()
	r.Paused = true
	answer := h.put(incarnation, r)
	pid := h.pid(incarnation)
	check := func(step string, answer api.ContainerAnswer, paused bool) {
		t.Helper()
		if !answer.Running || answer.Paused != paused || h.get(incarnation).Paused != paused || h.frozen(incarnation) != paused {
			t.Errorf("%s: %+v, frozen %v", step, answer, h.frozen(incarnation))
		}
		if h.runs(pid) == paused {
			t.Errorf("%s: it does the opposite", step)
		}
		if h.pid(incarnation) != pid {
			t.Errorf("%s: the process is another one", step)
		}
	}
	check("made", answer, true)
	r.Resources = resources(t, `{"memory":{"max":33554432},"pids":{"max":9},"cpu":{"maxUs":90000}}`)
	check("limited", h.put(incarnation, r), true)
	for _, paused := range []bool{false, false, true, true} {
		if err := h.SetPaused(t.Context(), incarnation, paused); err != nil {
			t.Fatal(describe(err))
		}
		check("by hand", h.get(incarnation), paused)
	}
	r.Paused = false
	check("let go on", h.put(incarnation, r), false)
	// Somebody else paused it.
	if err := h.SetPaused(t.Context(), incarnation, true); err != nil {
		t.Fatal(describe(err))
	}
	check("repaired", h.put(incarnation, r), false)

	// What was written down holds for the next start, and for whatever takes its place.
	r.Paused = true
	h.put(incarnation, r)
	if err := h.Kill(t.Context(), incarnation); err != nil {
		t.Fatal(describe(err))
	}
	if answer := h.get(incarnation); answer.Running || answer.Paused || answer.ExitCode == nil || *answer.ExitCode != 137 {
		t.Errorf("killed: %+v", answer)
	}
	for _, next := range []string{incarnation, nonce()} {
		answer := h.put(next, r)
		incarnation, pid = next, h.pid(next)
		check("started again", answer, true)
		h.onlyServes(next)
	}
	h.delete(incarnation)
	h.nothingIsLeft()
	if err := h.SetPaused(t.Context(), incarnation, true); !isProblem(err, api.CodeGone) {
		t.Error(err)
	}
}

func isProblem(err error, code api.Code) bool {
	var problem *api.Problem
	return errors.As(err, &problem) && problem.Code == code
}

// Who is stopped while it stands still ends as it would otherwise.
func TestAPausedContainerHeedsItsStopSignal(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	r := h.busy()
	r.Paused = true
	minutes := int64(300_000)
	r.StopTimeoutMs = &minutes
	h.put(incarnation, r)
	p, err := h.find(incarnation)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.stop(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if answer := h.get(incarnation); answer.ExitCode == nil || *answer.ExitCode != 3 {
		t.Errorf("%+v", answer)
	}
	for paused, want := range map[bool]api.Code{true: api.CodeExited, false: ""} {
		if err := h.SetPaused(t.Context(), incarnation, paused); !isProblem(err, want) && (err != nil || want != "") {
			t.Errorf("paused %v: %v", paused, err)
		}
	}
}

// A container in a paused group can do nothing, and everything can be done to it but starting it.
func TestAContainerInAPausedGroup(t *testing.T) {
	h := newHost(t)
	group, reference := h.group(`{}`, nil)
	stays, goes, late := nonce(), nonce(), nonce()
	minutes := int64(300_000)
	rs := map[string]api.ContainerRequest{}
	for _, incarnation := range []string{stays, goes, late} {
		r := h.busy()
		r.Cgroup, r.StopTimeoutMs = &reference, &minutes
		rs[incarnation] = r
	}
	h.put(stays, rs[stays])
	h.put(goes, rs[goes])
	request := api.CgroupRequest{Owner: reference.Owner, ContentKey: reference.ContentKey, Paused: true}
	if answer, err := h.groups.Put(t.Context(), group, request); err != nil || !answer.Paused {
		t.Fatalf("%+v, %v", answer, err)
	}
	pid := h.pid(stays)
	if answer := h.get(stays); answer.Paused || !answer.Running || !h.frozen(stays) || h.runs(pid) {
		t.Errorf("in a paused group: %+v", answer)
	}
	changed := rs[stays]
	changed.Resources = resources(t, `{"pids":{"max":9}}`)
	if answer := h.put(stays, changed); !answer.Running || h.pid(stays) != pid {
		t.Errorf("changed: %+v", answer)
	}
	h.delete(goes)
	problem := h.refused(late, rs[late], api.CodePaused)
	if !strings.Contains(problem.Detail, "slipway unpause") {
		t.Error(describe(problem))
	}
	// What serves is not stopped for what cannot start.
	other := changed
	other.Network = "host"
	h.refused(nonce(), other, api.CodePaused)
	h.onlyServes(stays)

	// A monitor that was killed gets another one without the container's help.
	p, err := h.find(stays)
	if err != nil {
		t.Fatal(err)
	}
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
	if now, err := p.monitorOf(); err != nil || now == 0 {
		t.Error("it has no monitor: ", err)
	}

	if err := h.KillGroup(t.Context(), group); err != nil {
		t.Fatal(describe(err))
	}
	if answer := h.get(stays); answer.Running {
		t.Errorf("killed: %+v", answer)
	}
	if answer, err := h.groups.Get(t.Context(), group); err != nil || !answer.Paused {
		t.Errorf("killing what is in it has changed the group: %+v, %v", answer, err)
	}
	if err := h.groups.SetPaused(t.Context(), group, false); err != nil {
		t.Fatal(describe(err))
	}
	if answer := h.put(stays, changed); !answer.Running || h.frozen(stays) {
		t.Errorf("%+v", answer)
	}
}

// A group may be paused at any moment of a start in it. Then either the start is told so, or it was before.
func TestAGroupIsPausedDuringAStart(t *testing.T) {
	h := newHost(t)
	group, reference := h.group(`{}`, nil)
	for range 12 {
		r := h.busy()
		r.Cgroup = &reference
		incarnation, done := nonce(), make(chan error, 1)
		go func() { _, err := h.Put(context.Background(), incarnation, r); done <- err }()
		time.Sleep(time.Duration(rand.Int64N(int64(12 * time.Millisecond))))
		if err := h.groups.SetPaused(t.Context(), group, true); err != nil {
			t.Fatal(describe(err))
		}
		if err := <-done; err != nil && !isProblem(err, api.CodePaused) {
			t.Error(describe(err))
		}
		h.delete(incarnation)
		h.nothingIsLeft()
		if err := h.groups.SetPaused(t.Context(), group, false); err != nil {
			t.Fatal(describe(err))
		}
	}
}

func TestEverythingInAGroupIsKilledAtOnce(t *testing.T) {
	h := newHost(t)
	group, reference := h.group(`{}`, nil)
	all := []string{nonce(), nonce(), nonce()}
	for i, incarnation := range all {
		r := h.busy()
		if i > 0 {
			r.Cgroup = &reference
		}
		h.put(incarnation, r)
	}
	for range 2 {
		if err := h.KillGroup(t.Context(), group); err != nil {
			t.Fatal(describe(err))
		}
	}
	for i, incarnation := range all {
		if answer := h.get(incarnation); answer.Running != (i == 0) || i > 0 && *answer.ExitCode != 137 {
			t.Errorf("%d: %+v", i, answer)
		}
	}
	for range 2 {
		if err := h.Kill(t.Context(), all[0]); err != nil {
			t.Fatal(describe(err))
		}
	}
	if answer := h.get(all[0]); answer.Running || *answer.ExitCode != 137 {
		t.Errorf("%+v", answer)
	}
	if err := h.Kill(t.Context(), nonce()); !isProblem(err, api.CodeGone) {
		t.Error(err)
	}
}
