package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// prepared is a tree of our own below the root of this machine's hierarchies, removed with the test.
func prepared(t *testing.T) *Tree {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to make control groups")
	}
	tree, err := Open(fmt.Sprintf("slipway-test-%d-%s", os.Getpid(), strings.ToLower(t.Name())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tree.Remove(context.Background()); err != nil {
			t.Error(err)
		}
		if tree.Prepared() {
			t.Error("still prepared after removal")
		}
	})
	for range 2 {
		if err := tree.Prepare(); err != nil {
			t.Fatal(err)
		}
	}
	if !tree.Prepared() {
		t.Fatal("not prepared")
	}
	return tree
}

// made is a group with limits, as a recipe would make it.
func made(t *testing.T, tree *Tree, name string, l Limits) Group {
	t.Helper()
	group := tree.Group(name)
	for _, h := range tree.Entered {
		if err := os.Mkdir(group.Folder(h), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := group.Remove(context.Background()); err != nil {
			t.Error(err)
		}
	})
	for _, s := range group.Settings(l) {
		if err := s.write(); err != nil {
			t.Fatal(err)
		}
	}
	return group
}

func held(t *testing.T, group Group, wanted Limits) Limits {
	t.Helper()
	read, err := group.Read(wanted)
	if err != nil {
		t.Fatal(err)
	}
	var l Limits
	if read.Memory != nil {
		l.Memory = *read.Memory
	}
	if read.CPUs != nil {
		l.CPUs = *read.CPUs
	}
	if read.PidsLimit != nil {
		l.PidsLimit = *read.PidsLimit
	}
	return l
}

func TestLimitsAreHeldChangedAndLifted(t *testing.T) {
	tree := prepared(t)
	// Memory that is no whole page and processors that are no whole quota read back as they were asked for.
	steps := []Limits{
		{Memory: 64<<20 + 1, CPUs: 1.0 / 3, PidsLimit: 20},
		{Memory: 512 << 20, CPUs: 2, PidsLimit: 20},
		{Memory: 16 << 20, PidsLimit: 1},
		{},
		{Memory: 32 << 20, CPUs: 0.01, PidsLimit: 4194304},
	}
	group := made(t, tree, "abc", steps[0])
	if got := held(t, group, steps[0]); got != steps[0] {
		t.Fatalf("made with %+v, holds %+v", steps[0], got)
	}
	for i := 1; i < len(steps); i++ {
		if err := group.Change(steps[i-1], steps[i]); err != nil {
			t.Fatal(err)
		}
		if got := held(t, group, steps[i]); got != steps[i] {
			t.Fatalf("changed to %+v, holds %+v", steps[i], got)
		}
	}
	if h, _ := tree.with("memory"); h.Version == 1 {
		swap, err := number(filepath.Join(group.Folder(h), "memory.memsw.limit_in_bytes"))
		if err == nil && swap != 64<<20 {
			t.Errorf("memory and swap may be %d", swap)
		}
	}
	if got := held(t, group, Limits{Memory: 1 << 30}); got.Memory != 32<<20 {
		t.Errorf("drift is hidden: %+v", got)
	}
}

func TestGroupKnowsItsProcessesAndIsRemovedWithThem(t *testing.T) {
	tree := prepared(t)
	group := made(t, tree, "abc", Limits{})
	// The shell moves itself before it becomes the sleeper, as the child of a recipe does.
	enter := ""
	for _, h := range tree.Entered {
		enter += "echo 0 > " + filepath.Join(group.Folder(h), "cgroup.procs") + " && "
	}
	sleeper := exec.Command("sh", "-c", enter+"echo in && exec sleep 1000")
	output, err := sleeper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(output, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	pid := sleeper.Process.Pid
	if pids, err := group.Processes(); err != nil || len(pids) != 1 || pids[0] != pid {
		t.Fatalf("%v, %v; started %d", pids, err, pid)
	}
	for want, group := range map[bool]Group{true: group, false: tree.Group("bc")} {
		if has, err := group.Has(pid); err != nil || has != want {
			t.Errorf("%s has %d: %v, %v", group.incarnation, pid, has, err)
		}
	}
	// The parent waits for its child while the group waits for it to be gone.
	waited := make(chan error)
	go func() { waited <- sleeper.Wait() }()
	if err := group.Remove(context.Background()); err != nil {
		t.Fatal(err)
	}
	if found, err := tree.Incarnations(); err != nil || len(found) != 0 {
		t.Fatalf("left %v, %v", found, err)
	}
	if err := <-waited; sleeper.ProcessState == nil || sleeper.ProcessState.Sys().(syscall.WaitStatus).Signal() != unix.SIGKILL {
		t.Errorf("the process: %v", err)
	}
}

// What is asked about may be gone between two system calls of the question.
func TestWhatEndsWhileItIsAskedAboutIsGone(t *testing.T) {
	tree := prepared(t)
	for round := range 300 {
		short := exec.Command("/bin/true")
		if err := short.Start(); err != nil {
			t.Fatal(err)
		}
		waited := make(chan error)
		go func() { waited <- short.Wait() }()
		for asking := true; asking; {
			if has, err := tree.Group("abc").Has(short.Process.Pid); err != nil || has {
				t.Fatalf("round %d: %v, %v", round, has, err)
			}
			select {
			case <-waited:
				asking = false
			default:
			}
		}
		group := made(t, tree, fmt.Sprint("round", round), Limits{})
		removed := make(chan error)
		go func() { removed <- group.Remove(context.Background()) }()
		for {
			if _, err := group.Processes(); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			if _, err := group.Read(Limits{}); Gone(err) {
				break
			} else if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		if err := <-removed; err != nil {
			t.Fatal(err)
		}
	}
}

// Whoever observes a container need not be the process that found out what cannot be switched on.
func TestALimitWithoutItsControllerIsNone(t *testing.T) {
	tree := &Tree{Base: "base", Entered: []Hierarchy{{Mount: t.TempDir(), Version: 2, Controllers: limited}}}
	group := tree.Group("abc")
	if _, err := group.Read(Limits{}); !Gone(err) {
		t.Fatalf("a group that is not there: %v", err)
	}
	folder := group.Folder(tree.Entered[0])
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "pids.max"), []byte("7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := held(t, group, Limits{}); got != (Limits{PidsLimit: 7}) {
		t.Errorf("%+v", got)
	}
}

// An agent that was killed while it took memory back left the container slowed down; the same request ends that.
func TestTakingMemoryBackLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	high := filepath.Join(folder, "memory.high")
	for used, want := range map[string]error{"100": nil, "300": unix.EBUSY} {
		for name, text := range map[string]string{"memory.current": used, "memory.high": "200"} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := takeBack(folder, 200); !errors.Is(err, want) {
			t.Errorf("%s used: %v", used, err)
		}
		if left, err := os.ReadFile(high); err != nil || string(left) != "max" {
			t.Errorf("%s used: left %q %v", used, left, err)
		}
	}
}

func TestBadLimitsAreRefusedAllAtOnce(t *testing.T) {
	err := Limits{Memory: 1, CPUs: 0.001, PidsLimit: -1}.Validate()
	var problem *api.Problem
	if !errors.As(err, &problem) || problem.Code != api.CodeInvalid {
		t.Fatal(err)
	}
	for _, name := range []string{"memory", "cpus", "pidsLimit"} {
		if !strings.Contains(problem.Detail, "`"+name+"`") {
			t.Errorf("%s is missing in: %s", name, problem.Detail)
		}
	}
	if err := (Limits{Memory: leastMemory, CPUs: leastCPUs, PidsLimit: 1}).Validate(); err != nil {
		t.Error(err)
	}
	tree := &Tree{Entered: []Hierarchy{{Version: 1, Controllers: []string{"pids"}}}}
	if err := tree.Check(Limits{CPUs: 1}); !errors.As(err, &problem) || problem.Code != api.CodeLimitUnsupported {
		t.Error(err)
	}
}
