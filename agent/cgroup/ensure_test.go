package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// playVariable makes the test's program an agent that makes a group again and again: store, run folder, base and path.
const playVariable = "SLIPWAY_TEST_MAKE_GROUP"

func TestMain(m *testing.M) {
	if words := strings.Fields(os.Getenv(playVariable)); len(words) == 4 {
		fmt.Fprintln(os.Stderr, makeAgainAndAgain(words[0], words[1], words[2], words[3]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func makeAgainAndAgain(root, run, base, path string) error {
	s, err := store.Open(root, run)
	if err != nil {
		return err
	}
	tree, err := Open(base)
	if err != nil {
		return err
	}
	g := NewGroups(s, tree, func(string) *api.GroupResources { return nil })
	fmt.Println("ready")
	for {
		if err := errors.Join(removeByHand(tree.at(path)), g.Ensure(context.Background(), path)); err != nil {
			return err
		}
	}
}

func removeByHand(group Group) error {
	for _, h := range group.tree.Mounted {
		if err := os.Remove(group.Folder(h)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// An agent may be killed between the making of a group and the setting of its limits. What is put into it next has them.
func TestAGroupThatWasLeftHalfMadeGetsItsLimits(t *testing.T) {
	g := groups(t)
	wanted := request(t, "x", `{"pids":{"max":7},"cpu":{"maxUs":30000},"memory":{"max":67108864},"cpuset":{"cpus":"0"},"devices":["c 1:3 rwm"]}`, nil)
	put(t, g, first, wanted)
	claim, err := g.store.FindClaim(store.Cgroups, first)
	if err != nil {
		t.Fatal(err)
	}
	half := 0
	for round := range 25 {
		agent := exec.Command(os.Args[0])
		agent.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %s %s", playVariable, g.store.Root(), g.store.Run(), g.tree.Base, claim.Content))
		output, err := agent.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := agent.Start(); err != nil {
			t.Fatal(err)
		}
		_, err = output.Read(make([]byte, 1))
		time.Sleep(time.Duration(round) * 531 * time.Microsecond)
		if killed := agent.Process.Kill(); err != nil || killed != nil {
			t.Fatal(err, killed)
		}
		_ = agent.Wait()
		answer, err := g.Get(t.Context(), first)
		if err != nil || answer.Intact && shown(&answer.Resources) != shown(&wanted.Resources) {
			t.Fatalf("round %d: it counts as made and holds %s, %v", round, shown(&answer.Resources), err)
		}
		if !answer.Intact && g.tree.at(claim.Content).whole() {
			half++
		}
		if err := g.Ensure(t.Context(), claim.Content); err != nil {
			t.Fatal(err)
		}
		holds(t, g.tree.at(claim.Content), &wanted.Resources)
	}
	t.Logf("killed between making and setting: %d times", half)
	if left, _ := filepath.Glob(g.store.HalfMade("*")); len(left) > 0 {
		t.Error("marked as half made: ", left)
	}
}
