package container

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"pulumi-slipway/agent/api"
)

func (h *host) stats() []api.ContainerStats {
	h.t.Helper()
	all, err := h.Stats(context.Background())
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// The container itself is the other reader: what it prints of /proc/net/dev is what is told of its links.
func TestStatsAreThoseOfEveryRunningContainer(t *testing.T) {
	h := newHost(t)
	own := h.service("ping -q -c 3 -s 1000 127.0.0.1; cat /proc/net/dev; echo printed")
	own.Owner = "test/b"
	ownID := nonce()
	h.put(ownID, own)
	shared := h.service("")
	shared.Owner, shared.Network = "test/a", "host"
	h.put(nonce(), shared)
	h.put(nonce(), h.shell("exit 0")) // has ended
	h.waitForLine(ownID, "printed")

	all := h.stats()
	if len(all) != 2 || all[0].Owner != "test/a" || all[1].Owner != "test/b" || all[1].Incarnation != ownID {
		t.Fatalf("%+v", all)
	}
	if all[0].Links != nil {
		t.Errorf("the host's links are not the container's: %+v", all[0].Links)
	}
	// The shell has printed, and is about to begin the program that sleeps.
	for end := time.Now().Add(time.Minute); all[1].Pids.Current != 2 && time.Now().Before(end); {
		all = h.stats()
	}
	for _, one := range all {
		if one.CPU == nil || one.CPU.UsageUs == 0 || one.Memory == nil || one.Memory.CurrentBytes == 0 || one.Pids == nil || one.Pids.Current != 2 {
			t.Errorf("%s: %+v", one.Owner, one.Usage)
		}
	}
	summary, err := h.summary(ownID)
	if err != nil || all[1].StartedAt != summary.StartedAt {
		t.Errorf("started at %s, not %s, %v", summary.StartedAt, all[1].StartedAt, err)
	}
	if len(all[1].Links) != 1 {
		t.Fatalf("%+v", all[1].Links)
	}
	lo := all[1].Links[0]
	for _, line := range h.log(ownID) {
		name, numbers, _ := strings.Cut(line, ":")
		if words := strings.Fields(numbers); strings.TrimSpace(name) == "lo" && len(words) == 16 {
			if lo.Name != "lo" || itoa64(lo.ReceivedBytes) != words[0] || itoa64(lo.ReceivedPackets) != words[1] ||
				itoa64(lo.SentBytes) != words[8] || itoa64(lo.SentPackets) != words[9] || lo.SentBytes < 6*1000 {
				t.Errorf("%+v, and it printed %s", lo, line)
			}
			return
		}
	}
	t.Errorf("it printed %q", h.log(ownID))
}

func itoa64(number int64) string { return strconv.FormatInt(number, 10) }

// waitForLine waits until a container has printed a line.
func (h *host) waitForLine(incarnation, line string) {
	h.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		for _, found := range h.log(incarnation) {
			if found == line {
				return
			}
		}
	}
	h.t.Fatalf("never printed %s: %q", line, h.log(incarnation))
}

func TestADamagedContainerIsLeftOutOfStats(t *testing.T) {
	h := newHost(t)
	sound, damaged := nonce(), nonce()
	h.put(sound, h.service(""))
	h.put(damaged, h.service(""))
	p, err := h.find(damaged)
	if err != nil {
		t.Fatal(err)
	}
	state, err := os.ReadFile(p.state)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{"{": 1, `{"pid":"x"}`: 1, `{"pid":1}`: 1, string(state): 2} {
		// In place, because the monitor holds a lock on the file.
		if err := os.WriteFile(p.state, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if all := h.stats(); len(all) != want {
			t.Errorf("%s: %+v", text, all)
		}
	}
	if err := os.WriteFile(p.state, state, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What ends while it is read is left out, and the others are read.
func TestContainersEndWhileTheyAreRead(t *testing.T) {
	h := newHost(t)
	stays := nonce()
	h.put(stays, h.service(""))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 20 {
			if _, err := h.Put(context.Background(), nonce(), h.shell("exit 0")); err != nil {
				t.Error(describe(err))
			}
		}
	}()
	for reading := true; reading; {
		select {
		case <-ended:
			reading = false
		default:
		}
		found := false
		for _, one := range h.stats() {
			found = found || one.Incarnation == stays
			if one.CPU == nil || one.Memory == nil {
				t.Errorf("half of %+v", one)
			}
		}
		if !found {
			t.Error("the one that runs on is not there")
		}
	}
}
