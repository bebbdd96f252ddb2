package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/monitor"
)

// collected is an answer that is looked at while it is written.
type collected struct {
	mutex sync.Mutex
	data  bytes.Buffer
}

func (c *collected) Write(data []byte) (int, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.data.Write(data)
}

func (c *collected) lines() []string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var all []string
	for line := range strings.Lines(c.data.String()) {
		// "<time> <stream> <F|P> <bytes>"
		all = append(all, strings.TrimSuffix(strings.SplitN(line, " ", 4)[3], "\n"))
	}
	return all
}

func (h *host) logs(incarnation string, tail int, follow bool) []string {
	h.t.Helper()
	var to collected
	if err := h.Logs(h.t.(*testing.T).Context(), incarnation, tail, follow, &to); err != nil {
		h.t.Fatal(err)
	}
	return to.lines()
}

func TestLogsHaveTheLinesAskedFor(t *testing.T) {
	h := newHost(t)
	silent, job := nonce(), nonce()
	h.put(silent, h.shell(":"))
	expect(t, "silence", h.logs(silent, -1, true), nil)
	h.put(job, h.shell("for i in 1 2 3 4 5; do echo $i; done"))
	for tail, want := range map[int]string{-1: "1 2 3 4 5", 0: "", 1: "5", 2: "4 5", 5: "1 2 3 4 5", 100: "1 2 3 4 5"} {
		if got := strings.Join(h.logs(job, tail, false), " "); got != want {
			t.Errorf("the last %d: %s", tail, got)
		}
	}
	long := nonce()
	h.put(long, h.shell("echo first; head -c 300000 /dev/zero | tr '\\0' x; echo; echo last"))
	if parts := h.logs(long, 2, false); len(parts) < 3 || len(strings.Join(parts, "")) != 300000+len("last") {
		t.Errorf("the last two lines, one of them in parts: %d parts of %d bytes", len(parts), len(strings.Join(parts, "")))
	}
	var problem *api.Problem
	if err := h.Logs(t.Context(), nonce(), -1, false, &collected{}); !errors.As(err, &problem) || problem.Code != api.CodeGone {
		t.Error(err)
	}
}

func TestLogsFollowUntilTheEnd(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	r := h.shell("echo first; until [ -e /go ]; do sleep 0.01; done; echo last")
	r.Wait = "running"
	h.put(incarnation, r)
	var to collected
	done := make(chan error)
	go func() { done <- h.Logs(t.Context(), incarnation, -1, true, &to) }()
	await(t, "the first line", func() bool { return len(to.lines()) == 1 })
	abandoned, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Logs(abandoned, incarnation, 0, true, &collected{}); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile("/proc/"+itoa(h.pid(incarnation))+"/root/go", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	expect(t, "all of it", to.lines(), []string{"first", "last"})
}

// What is read while the log is put aside, in whatever pieces it is written, is all of it, once and in order.
func TestLogsAreWholeAcrossARename(t *testing.T) {
	p := place{dir: t.TempDir()}
	current := func() *os.File {
		file, err := os.OpenFile(p.file(monitor.LogName), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	reader := &logReader{place: p}
	defer reader.close()
	file := current()
	var got []byte
	read := func() {
		lines, err := reader.next()
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) > 0 && lines[len(lines)-1] != '\n' {
			t.Errorf("an unfinished line was read: %q", lines)
		}
		got = append(got, lines...)
	}
	var want string
	for i := range 50 {
		line := fmt.Sprintf("t stdout F %d\n", i)
		want += line
		if _, err := file.WriteString(line[:5]); err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 {
			read()
		}
		if _, err := file.WriteString(line[5:]); err != nil {
			t.Fatal(err)
		}
		if i%7 == 0 {
			read()
		}
		if i%20 == 19 {
			if err := os.Rename(p.file(monitor.LogName), p.file(monitor.OlderLogName)); err != nil {
				t.Fatal(err)
			}
			file.Close()
			file = current()
		}
	}
	read()
	file.Close()
	if string(got) != want {
		t.Errorf("got %q", got)
	}
	all := &logReader{place: p}
	defer all.close()
	lines, err := all.all(15)
	if err != nil || bytes.Count(lines, []byte("\n")) != 15 || !bytes.HasPrefix(lines, []byte("t stdout F 35\n")) {
		t.Errorf("%q, %v", lines, err)
	}
}
