package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// ways are the trees in which groups can be paused and killed on this machine: all of its hierarchies, and where there are
// some of version 1, those alone.
func ways(t *testing.T) map[string]*Tree {
	t.Helper()
	all := prepared(t)
	found := map[string]*Tree{"all": all}
	old := slices.DeleteFunc(slices.Clone(all.Mounted), func(h Hierarchy) bool { return h.Version == 2 })
	if len(old) > 0 && len(old) < len(all.Mounted) {
		found["version 1"] = &Tree{Base: all.Base + "-v1", Mounted: old, Entered: choose(old, all.Base)}
		prepare(t, found["version 1"])
	}
	return found
}

// runIn runs a script in a group; what it prints first is waited for.
func runIn(t *testing.T, group Group, script string) int {
	t.Helper()
	enter := ""
	for _, h := range group.Entered(&api.GroupResources{}) {
		enter += "echo 0 > " + filepath.Join(group.Folder(h), "cgroup.procs") + " && "
	}
	command := exec.Command("sh", "-c", enter+"echo in && "+script)
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err == nil {
		_, err = io.ReadFull(output, make([]byte, 3))
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = command.Wait() }()
	t.Cleanup(func() { _ = command.Process.Kill() })
	return command.Process.Pid
}

// containerIn is a container's group in another one.
func containerIn(t *testing.T, above Group, name string) Group {
	t.Helper()
	group := above.tree.Below(filepath.Join(above.above, above.name), name)
	for _, h := range group.Entered(&api.GroupResources{}) {
		if err := h.make(group.Folder(h)); err != nil {
			t.Fatal(err)
		}
	}
	return group
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// ticks is the processor time a process has used.
func ticks(t *testing.T, pid int) string {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err != nil {
		t.Fatal(err)
	}
	used, _, _ := strings.Cut(string(data), " ")
	return used
}

func gone(pid int) bool { return unix.Kill(pid, 0) == unix.ESRCH }

func TestPauseAndEverythingThatIsPaused(t *testing.T) {
	for name, tree := range ways(t) {
		above := tree.at(Declared("", "above"))
		if _, err := above.make(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = errors.Join(above.Unpause(), above.removeAll(context.Background())) })
		inner := containerIn(t, above, first)
		pid := runIn(t, inner, "while :; do :; done")
		check := func(step string, itself, below bool) {
			t.Helper()
			for group, want := range map[Group]bool{above: itself, inner: below} {
				if paused, err := group.Paused(); err != nil || paused != want {
					t.Errorf("%s, %s: %s is paused: %v, %v", name, step, group.Path(), paused, err)
				}
			}
			stopped, err := inner.Stopped()
			if err != nil || (stopped != "") != (itself || below) {
				t.Errorf("%s, %s: stopped by %q, %v", name, step, stopped, err)
			}
			before := ticks(t, pid)
			if stopped == "" {
				await(t, "it goes on", func() bool { return ticks(t, pid) != before })
				return
			}
			time.Sleep(50 * time.Millisecond)
			if ticks(t, pid) != before {
				t.Errorf("%s, %s: it runs", name, step)
			}
		}
		do := func(group Group, paused bool) {
			t.Helper()
			if err := group.setPaused(context.Background(), paused); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		check("at first", false, false)
		for range 2 {
			do(above, true)
		}
		check("the group above paused", true, false)
		do(inner, true)
		check("both paused", true, true)
		// What stands still can be limited further, and more than it uses is not taken from it.
		if _, err := inner.Change(nil, &api.GroupResources{}, resources(t, `{"memory":{"max":33554432},"pids":{"max":3},"cpu":{"maxUs":50000}}`)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for range 2 {
			do(above, false)
		}
		check("the inner one paused", false, true)
		do(inner, false)
		check("all go on", false, false)
		do(above, true)
		if err := inner.End(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		await(t, "the process is gone", func() bool { return gone(pid) })
		if paused, err := above.Paused(); err != nil || !paused {
			t.Errorf("%s: killing what is in a group has let it go on: %v", name, err)
		}
		if err := inner.Remove(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		do(above, false)
		pid = runIn(t, containerIn(t, above, second), "while :; do :; done & wait")
		do(above, true)
		if err := above.removeAll(context.Background()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		await(t, "the process is gone", func() bool { return gone(pid) })
		if err := above.Pause(context.Background()); !Gone(err) {
			t.Errorf("%s: pausing what is gone: %v", name, err)
		}
		if err := errors.Join(above.Unpause(), above.End(context.Background()), above.Kill()); err != nil {
			t.Errorf("%s: what is gone: %v", name, err)
		}
	}
}

// No first process of a namespace takes this one's with it.
func TestAForkBombIsEnded(t *testing.T) {
	end := map[string]func(Group) error{
		"at once": func(g Group) error { return g.End(context.Background()) },
		"one by one": func(g Group) error {
			for range 1000 {
				if err := g.killOneByOne(); err != nil || len(g.in(g.tree.Entered[0]).processes()) == 0 {
					return err
				}
				time.Sleep(time.Millisecond)
			}
			return errors.New("it goes on")
		},
		"with the group": func(g Group) error { return g.Remove(context.Background()) },
	}
	for name, tree := range ways(t) {
		for how, end := range end {
			group := made(t, tree, "abc", resources(t, `{"pids":{"max":60}}`))
			runIn(t, group, "bomb() { while :; do bomb & done; }; bomb 2> /dev/null")
			await(t, "its limit refuses it", func() bool {
				happened := group.Events()
				return happened.PidsRefused != nil && *happened.PidsRefused > 0
			})
			if err := end(group); err != nil {
				t.Errorf("%s, %s: %v", name, how, err)
			}
			if left := group.in(tree.Entered[0]).processes(); len(left) > 0 {
				t.Errorf("%s, %s: %s", name, how, described(left, nil))
			}
			if err := group.Remove(context.Background()); err != nil {
				t.Errorf("%s, %s: %v", name, how, err)
			}
		}
	}
}

func TestWantOfMemoryIsCounted(t *testing.T) {
	tree := prepared(t)
	group := made(t, tree, "abc", resources(t, `{"memory":{"max":16777216,"swapMax":0},"pids":{"max":50}}`))
	if happened := group.Events(); happened.OOMKills == nil || *happened.OOMKills != 0 || happened.PidsRefused == nil || *happened.PidsRefused != 0 {
		t.Errorf("at first: %+v", happened)
	}
	// A line of which the end does not come is kept in memory.
	pid := runIn(t, group, "head -c 100000000 /dev/zero | tail -n 1 > /dev/null")
	await(t, "it ends", func() bool { return gone(pid) })
	happened := group.Events()
	if happened.OOMKills == nil || *happened.OOMKills != 1 {
		t.Errorf("%+v", happened)
	}
	if happened.PeakBytes != nil && (*happened.PeakBytes < 8<<20 || *happened.PeakBytes > 16<<20) {
		t.Errorf("it used up to %d bytes", *happened.PeakBytes)
	}
	// What is kept says the same.
	var kept []byte
	for _, file := range group.EventFiles() {
		text, _ := os.ReadFile(file.Path)
		if len(text) >= file.Size {
			t.Errorf("%s has %d bytes, room is for %d", file.Path, len(text), file.Size)
		}
		kept = append(append(kept, text...), make([]byte, file.Size-len(text))...)
	}
	if again := ParseEvents(kept); *again.OOMKills != *happened.OOMKills || *again.PidsRefused != *happened.PidsRefused {
		t.Errorf("%+v", again)
	}
	for _, part := range []int{0, 1, len(kept) / 2} {
		if unknown := ParseEvents(kept[:part]); unknown.PidsRefused != nil {
			t.Errorf("of %d bytes: %+v", part, unknown)
		}
	}
}

func TestProcessesAreNamedWithoutTheirTricks(t *testing.T) {
	group := made(t, prepared(t), "abc", &api.GroupResources{})
	pid := runIn(t, group, `printf 'a) D \n(b' > /proc/$$/comm; while :; do sleep 0.01; done`)
	want := fmt.Sprintf("%d (\"a) D \\n(b\")", pid)
	await(t, "it has its name", func() bool { return described([]int{pid, 1 << 30}, nil) == want })
}
