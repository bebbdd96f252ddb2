package cgroup

import (
	"context"
	"fmt"
	"io"
	"maps"
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
	prepare(t, tree)
	return tree
}

func prepare(t *testing.T, tree *Tree) {
	t.Helper()
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
}

// made is a group with resources, as a recipe would make it.
func made(t *testing.T, tree *Tree, name string, wanted *api.GroupResources) Group {
	t.Helper()
	return madeAs(t, tree.Group(name), wanted)
}

func madeAs(t *testing.T, group Group, wanted *api.GroupResources) Group {
	t.Helper()
	if err := group.MakeAbove(wanted); err != nil {
		t.Fatal(err)
	}
	for _, h := range group.Entered(wanted) {
		if err := os.Mkdir(group.Folder(h), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := group.Remove(context.Background()); err != nil {
			t.Error(err)
		}
	})
	settings, err := group.Settings(wanted)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		if err := s.write(); err != nil {
			t.Fatal(err)
		}
	}
	return group
}

func TestGroupKnowsItsProcessesAndIsRemovedWithThem(t *testing.T) {
	tree := prepared(t)
	group := made(t, tree, "abc", &api.GroupResources{})
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
			t.Errorf("%s has %d: %v, %v", group.name, pid, has, err)
		}
	}
	// The parent waits for its child while the group waits for it to be gone.
	waited := make(chan error)
	go func() { waited <- sleeper.Wait() }()
	if err := group.Remove(context.Background()); err != nil {
		t.Fatal(err)
	}
	if found, err := tree.Containers(); err != nil || len(found) != 0 {
		t.Fatalf("left %v, %v", found, err)
	}
	if err := <-waited; sleeper.ProcessState == nil || sleeper.ProcessState.Sys().(syscall.WaitStatus).Signal() != unix.SIGKILL {
		t.Errorf("the process: %v", err)
	}
}

func TestContainersAreFoundWhereverTheyAre(t *testing.T) {
	tree := prepared(t)
	want := map[string]bool{}
	for _, above := range []string{containers, Declared("", "one"), Declared("", "two"), Declared(Declared("", "two"), "inner")} {
		for _, name := range []string{"0", "1", "2"} {
			group := tree.Below(above, strings.Repeat(name, 32))
			if err := group.MakeAbove(&api.GroupResources{}); err != nil {
				t.Fatal(err)
			}
			for _, h := range group.Entered(&api.GroupResources{}) {
				if err := h.make(group.Folder(h)); err != nil {
					t.Fatal(err)
				}
			}
			want[group.Path()] = true
		}
	}
	t.Cleanup(func() {
		for _, name := range []string{"one", "two"} {
			if err := tree.at(Declared("", name)).removeAll(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
	found, err := tree.Containers()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, group := range found {
		got[group.Path()] = true
	}
	if !maps.Equal(got, want) {
		t.Errorf("found %v of %v", got, want)
	}
	for _, group := range found {
		if err := group.Remove(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// What is asked about may be gone between two system calls of the question.
func TestWhatEndsWhileItIsAskedAboutIsGone(t *testing.T) {
	tree := prepared(t)
	none, some := &api.GroupResources{}, resources(t, `{"pids":{"max":7},"memory":{"max":67108864},"cpu":{"maxUs":1000}}`)
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
		group := made(t, tree, fmt.Sprint("round", round), none)
		removed := make(chan error)
		go func() { removed <- group.Remove(context.Background()) }()
		for {
			if _, err := group.Processes(); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			if _, err := group.Read(some); Gone(err) {
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
	mounted := []Hierarchy{{Mount: t.TempDir(), Version: 2, Controllers: delegated}}
	tree := &Tree{Base: "base", Entered: mounted, Mounted: mounted}
	some := resources(t, `{"pids":{"max":7},"memory":{"max":67108864}}`)
	group := tree.Group("abc")
	if _, err := group.Read(some); !Gone(err) {
		t.Fatalf("a group that is not there: %v", err)
	}
	folder := group.Folder(tree.Entered[0])
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "pids.max"), []byte("7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := group.Read(some); err != nil || shown(got) != `{"pids":{"max":7}}` {
		t.Error(shown(got), err)
	}
}

// insideOf runs a script in the group and answers the words it printed.
func insideOf(t *testing.T, group Group, wanted *api.GroupResources, script string) string {
	t.Helper()
	enter := ""
	for _, h := range group.Entered(wanted) {
		enter += "echo 0 > " + filepath.Join(group.Folder(h), "cgroup.procs") + " && "
	}
	// The shell's own descriptors are opened before it is in the group.
	output, err := exec.Command("sh", "-c", enter+"{ "+script+"\n}").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(output)), " ")
}
