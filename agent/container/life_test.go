package container

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// pid is the first process of a running container.
func (h *host) pid(incarnation string) int {
	h.t.Helper()
	p, err := h.find(incarnation)
	if err != nil {
		h.t.Fatal(err)
	}
	o, err := p.observe()
	if err != nil {
		h.t.Fatal(err)
	}
	defer o.close()
	if !o.running() {
		h.t.Fatalf("container %s does not run", incarnation)
	}
	return o.state.Pid
}

func (h *host) get(incarnation string) api.ContainerAnswer {
	h.t.Helper()
	answer, err := h.Get(context.Background(), incarnation)
	if err != nil {
		h.t.Fatal(describe(err))
	}
	return answer
}

func (h *host) delete(incarnation string) {
	h.t.Helper()
	if err := h.Delete(context.Background(), incarnation); err != nil {
		h.t.Fatal(describe(err))
	}
}

// nothingIsLeft expects the host to be as it was but for images.
func (h *host) nothingIsLeft() {
	h.t.Helper()
	if all, err := h.store.ListContainers(); err != nil || len(all) != 0 {
		h.t.Errorf("left containers: %v, %v", all, err)
	}
	if groups, err := h.tree.Containers(); err != nil || len(groups) != 0 {
		h.t.Errorf("left control groups: %v, %v", groups, err)
	}
	if states, err := h.store.ContainerStates(); err != nil || len(states) != 0 {
		h.t.Errorf("left states: %v, %v", states, err)
	}
}

func (h *host) gone(incarnation string) {
	h.t.Helper()
	_, err := h.Get(context.Background(), incarnation)
	if problem, ok := err.(*api.Problem); !ok || problem.Code != api.CodeGone {
		h.t.Errorf("want gone, got %v", err)
	}
}

// await waits for something that other processes bring about.
func await(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("this did not happen: " + what)
		}
	}
}

func TestLifeOfAService(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	h.gone(incarnation)
	r := h.service("echo ready")
	r.Labels = map[string]string{"a": "b"}
	answer := h.put(incarnation, r)
	if !answer.Running || answer.ExitCode != nil || answer.Owner != r.Owner || answer.Labels["a"] != "b" || answer.ImageID == "" || answer.Resources != nil {
		t.Errorf("%+v", answer)
	}
	pid := h.pid(incarnation)

	// Repeating, relabelling and another owner leave the process as it is.
	h.put(incarnation, r)
	r.Labels, r.Owner = map[string]string{"c": "d"}, "test/moved/"+nonce()
	if answer = h.put(incarnation, r); answer.Owner != r.Owner || answer.Labels["a"] != "" || answer.Labels["c"] != "d" {
		t.Errorf("%+v", answer)
	}
	if again := h.get(incarnation); again.Owner != r.Owner || again.Labels["c"] != "d" || !again.Running {
		t.Errorf("%+v", again)
	}
	changed := r
	changed.Command, changed.ReadOnly = []string{"other"}, true
	if problem := h.refused(incarnation, changed, api.CodeInvalid); !strings.Contains(problem.Detail, "`command`, `readOnly`") {
		t.Error(problem)
	}
	if h.pid(incarnation) != pid {
		t.Error("the process is another one")
	}

	// Killed by hand: seen, and started again by the same request, with what it had written.
	h.writesInside(incarnation, "kept")
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "the end is written down", func() bool { return h.get(incarnation).ExitCode != nil })
	if dead := h.get(incarnation); dead.Running || *dead.ExitCode != 137 || dead.Resources != nil {
		t.Errorf("%+v", dead)
	}
	if answer = h.put(incarnation, r); !answer.Running || answer.ExitCode != nil || h.pid(incarnation) == pid {
		t.Errorf("%+v", answer)
	}
	p, _ := h.find(incarnation)
	if _, err := os.Stat(p.file(upperName) + "/kept"); err != nil {
		t.Error("what the container wrote is gone:", err)
	}

	began := time.Now()
	h.delete(incarnation)
	if time.Since(began) > 5*time.Second {
		t.Error("it was not asked to end but killed")
	}
	h.delete(incarnation)
	h.gone(incarnation)
	h.nothingIsLeft()
}

// writesInside makes a file in the container's own layer through the process's root.
func (h *host) writesInside(incarnation, name string) {
	h.t.Helper()
	path := "/proc/" + itoa(h.pid(incarnation)) + "/root/" + name
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func TestLifeOfAJob(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	r := h.shell("echo once")
	answer := h.put(incarnation, r)
	if answer.Running || answer.ExitCode == nil || *answer.ExitCode != 0 {
		t.Errorf("%+v", answer)
	}
	h.put(incarnation, r)
	r.Labels = map[string]string{"a": "b"}
	h.put(incarnation, r)
	expect(t, "a finished job is not run again", h.log(incarnation), []string{"once"})
	if answer = h.get(incarnation); answer.Running || *answer.ExitCode != 0 || answer.Labels["a"] != "b" {
		t.Errorf("%+v", answer)
	}
	h.delete(incarnation)

	// A job that failed is left for the client to record, and tried again by the same request.
	failing := nonce()
	r = h.shell("echo try >> /tries; cat /tries; test $(wc -l < /tries) = 2 || exit 3")
	problem := h.refused(failing, r, api.CodeJobFailed)
	if problem.Left == nil || problem.Left.Incarnation != failing || *problem.ExitCode != 3 || strings.Join(problem.Log, ",") != "try" {
		t.Error(describe(problem))
	}
	if answer = h.get(failing); answer.Running || *answer.ExitCode != 3 {
		t.Errorf("%+v", answer)
	}
	h.put(failing, r)
	h.delete(failing)
	h.nothingIsLeft()
}

func TestServiceThatEndsAtOnceIsLeftWithItsLog(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	r := h.shell("for i in $(seq 30); do echo line $i; done; printf last >&2; exit 4")
	r.Wait = "running"
	for range 2 {
		problem := h.refused(incarnation, r, api.CodeExited)
		if problem.Left == nil || len(problem.Log) != lastLines || *problem.ExitCode != 4 || !strings.Contains(problem.Detail, "exit code 4") {
			t.Error(describe(problem))
		}
	}
	h.delete(incarnation)

	long := h.shell("head -c 1000000 /dev/zero | tr '\\0' x; echo; echo last; exit 255")
	problem := h.refused(incarnation, long, api.CodeJobFailed)
	if len(problem.Log) != 2 || problem.Log[0] != strings.Repeat("x", longestLine) || problem.Log[1] != "last" {
		t.Errorf("%d lines, the first of %d bytes", len(problem.Log), len(problem.Log[0]))
	}
	if strings.Contains(problem.Detail, "killed") {
		t.Error(problem)
	}
	h.delete(incarnation)
	h.nothingIsLeft()
}

func TestStopAsksFirstAndKillsLast(t *testing.T) {
	h := newHost(t)
	timeout := int64(300)
	for name, c := range map[string]struct {
		script, signal string
		code           int
	}{
		"heeds":             {"trap 'echo asked; exit 5' USR1", "SIGUSR1", 5},
		"real time":         {"trap 'echo asked; exit 5' 37", "SIGRTMIN+3", 5},
		"does not end":      {"trap 'echo asked' TERM", "", 137},
		"never hears of it": {":", "SIGUSR2", 137},
		"is killed":         {"trap 'echo asked; exit 5' TERM", "KILL", 137},
	} {
		t.Run(name, func(t *testing.T) {
			h := h.in(t)
			incarnation := nonce()
			r := h.shell(c.script + "; echo ready; while :; do sleep 1000 & wait $!; done")
			r.Wait, r.StopSignal, r.StopTimeoutMs = "running", c.signal, &timeout
			h.put(incarnation, r)
			p, err := h.find(incarnation)
			if err != nil {
				t.Fatal(err)
			}
			await(t, "ready", func() bool { return len(h.log(incarnation)) > 0 })
			if err := h.stop(context.Background(), p); err != nil {
				t.Fatal(err)
			}
			answer := h.get(incarnation)
			if answer.Running || answer.ExitCode == nil || *answer.ExitCode != c.code {
				t.Errorf("%+v", answer)
			}
		})
	}
}

func TestMonitorKilled(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	h.put(incarnation, h.service("i=0; (while :; do i=$((i+1)); echo $i; echo $i > /count; if [ -e /flood ]; then printf '%3999s\\n'; else sleep 0.01; fi; done) & :"))
	p, err := h.find(incarnation)
	if err != nil {
		t.Fatal(err)
	}
	pid := h.pid(incarnation)
	monitor, err := p.monitorOf()
	if err != nil || monitor == 0 {
		t.Fatal(monitor, err)
	}
	if err := unix.Kill(monitor, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "the monitor is gone", func() bool { m, err := p.monitorOf(); return err == nil && m == 0 })
	count := func() (text string) {
		// For a moment of each write the file is empty.
		await(t, "a number", func() bool {
			data, _ := os.ReadFile(p.file(upperName) + "/count")
			text = strings.TrimSpace(string(data))
			return text != ""
		})
		return text
	}
	before := count()
	await(t, "it goes on writing", func() bool { return count() != before })
	if answer := h.get(incarnation); !answer.Running || h.pid(incarnation) != pid {
		t.Errorf("%+v", answer)
	}

	// Nobody reads its output, and it stands still when the pipe is full. The next agent puts that right.
	h.writesInside(incarnation, "flood")
	await(t, "it stands still", func() bool { before := count(); time.Sleep(200 * time.Millisecond); return count() == before })
	if err := os.Remove(p.file(upperName) + "/flood"); err != nil {
		t.Fatal(err)
	}
	if err := h.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if adopted, err := p.monitorOf(); err != nil || adopted == 0 {
		t.Fatal(adopted, err)
	}
	before = count()
	await(t, "it goes on again", func() bool { return count() != before })
	await(t, "what it wrote meanwhile is in the log", func() bool { return slices.Contains(h.log(incarnation), before) })
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "its end is seen", func() bool { return !h.get(incarnation).Running })
	if answer := h.get(incarnation); answer.ExitCode != nil {
		t.Errorf("an exit code that nobody knows: %+v", answer)
	}
	h.delete(incarnation)
	h.nothingIsLeft()
}

func TestAJobEndsThatLostItsMonitor(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	r := h.shell("until [ -e /go ]; do sleep 0.01; done; head -c 300000 /dev/zero | tr '\\0' x; echo; echo last")
	done := make(chan error, 1)
	go func() {
		_, err := h.Put(t.Context(), incarnation, r)
		done <- err
	}()
	var p place
	await(t, "it runs", func() bool {
		found, err := h.find(incarnation)
		if err != nil {
			return false
		}
		p = found
		o, err := p.observe()
		o.close()
		return err == nil && o.running()
	})
	monitor, err := p.monitorOf()
	if err != nil || monitor == 0 {
		t.Fatal(monitor, err)
	}
	if err := unix.Kill(monitor, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	h.writesInside(incarnation, "go")
	var problem *api.Problem
	select {
	case err = <-done:
	case <-time.After(time.Minute):
		t.Fatal("it stands still")
	}
	if !errors.As(err, &problem) || problem.Code != api.CodeJobFailed || problem.ExitCode != nil || problem.Log[len(problem.Log)-1] != "last" {
		t.Errorf("%s", describe(err))
	}
	h.delete(incarnation)
	h.nothingIsLeft()
}
