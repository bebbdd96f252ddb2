package cgroup

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// groups are those of a store and a tree of the test's own.
func groups(t *testing.T) *Groups {
	t.Helper()
	return groupsWith(t, nil)
}

// groupsWith has containers that ask for something.
func groupsWith(t *testing.T, containers map[string]*api.GroupResources) *Groups {
	t.Helper()
	tree := prepared(t)
	s, err := store.Open(t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g := NewGroups(s, tree, func(incarnation string) *api.GroupResources { return containers[incarnation] })
	t.Cleanup(func() {
		claims, err := s.Claims(store.Cgroups)
		slices.SortFunc(claims, func(a, b store.Claim) int { return len(b.Content) - len(a.Content) })
		for _, claim := range claims {
			err = errors.Join(err, g.Delete(context.Background(), claim.Incarnation))
		}
		if err := errors.Join(err, s.Close()); err != nil {
			t.Error(err)
		}
	})
	return g
}

var (
	first  = strings.Repeat("1", 32)
	second = strings.Repeat("2", 32)
	third  = strings.Repeat("3", 32)
)

func request(t *testing.T, name, settings string, parent *api.CgroupRequest) api.CgroupRequest {
	r := api.CgroupRequest{Owner: "acme/" + name, ContentKey: name, Resources: *resources(t, settings)}
	if parent != nil {
		r.Parent = &api.Reference{Owner: parent.Owner, ContentKey: parent.ContentKey}
	}
	return r
}

func put(t *testing.T, g *Groups, incarnation string, r api.CgroupRequest) api.CgroupAnswer {
	t.Helper()
	answer, err := g.Put(context.Background(), incarnation, r)
	if err != nil {
		t.Fatal(err)
	}
	if !answer.Intact || shown(&answer.Resources) != shown(&r.Resources) {
		t.Fatalf("%+v holds %s", answer, shown(&answer.Resources))
	}
	return answer
}

func TestLifeOfAGroup(t *testing.T) {
	g := groups(t)
	ctx := context.Background()
	top := request(t, "top", `{"memory":{"max":134217728},"cpu":{"maxUs":100000}}`, nil)
	inner := request(t, "inner", `{"pids":{"max":20},"cpuset":{"cpus":"0"}}`, &top)
	above := put(t, g, first, top)
	below := put(t, g, second, inner)
	if filepath.Dir(below.Path) != above.Path {
		t.Errorf("%s is not in %s", below.Path, above.Path)
	}
	// Another incarnation takes the place over, and what is in there stays.
	if again := put(t, g, third, top); again.Path != above.Path {
		t.Errorf("the group moved to %s", again.Path)
	}
	if _, err := g.Get(ctx, first); err == nil {
		t.Error("the first incarnation is still there")
	}
	top.Resources = *resources(t, `{"memory":{"max":67108864},"pids":{"max":100}}`)
	put(t, g, third, top)

	var problem *api.Problem
	if err := g.Delete(ctx, third); !errors.As(err, &problem) || problem.Code != api.CodeInUse {
		t.Errorf("a group with a group in it: %v", err)
	}
	// Whoever removes it by hand finds it made again, and its child as well.
	for _, h := range g.tree.Mounted {
		for _, path := range []string{below.Path, above.Path} {
			if err := os.Remove(filepath.Join(h.Mount, path)); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	if gone, err := g.Get(ctx, second); err != nil || gone.Intact {
		t.Errorf("%+v, %v", gone, err)
	}
	put(t, g, second, inner)
	if back, err := g.Get(ctx, third); err != nil || !back.Intact || shown(&back.Resources) != shown(&top.Resources) {
		t.Errorf("%+v, %v", back, err)
	}
	// A process that somebody put in there goes with it.
	enter := ""
	for _, h := range g.tree.at(Declared("", "x")).Entered(nil) {
		enter += "echo 0 > " + filepath.Join(h.Mount, below.Path, "cgroup.procs") + " && "
	}
	stray := exec.Command("sh", "-c", enter+"exec sleep 1000")
	if err := stray.Start(); err != nil {
		t.Fatal(err)
	}
	waited := make(chan error)
	go func() { waited <- stray.Wait() }()
	for _, incarnation := range []string{second, second, third} {
		if err := g.Delete(ctx, incarnation); err != nil {
			t.Error(err)
		}
	}
	<-waited
	if all, err := g.List(ctx); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestAGroupThatIsRefusedLeavesNothing(t *testing.T) {
	g := groups(t)
	var problem *api.Problem
	_, err := g.Put(context.Background(), first, request(t, "x", `{"pids":{"max":9},"hugetlb":[{"pageSize":"3MB","max":0}]}`, nil))
	if !errors.As(err, &problem) || problem.Code != api.CodeLimitUnsupported {
		t.Fatal(err)
	}
	if all, err := g.List(context.Background()); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	for _, h := range g.tree.Mounted {
		if left, _ := filepath.Glob(filepath.Join(h.Mount, g.tree.Base, declaredGroups, "*-*")); len(left) != 0 {
			t.Error(left)
		}
	}
	if _, err := g.Put(context.Background(), first, request(t, "x", `{}`, &api.CgroupRequest{Owner: "acme/none", ContentKey: "none"})); !errors.As(err, &problem) || problem.Code != api.CodeReferenceMissing {
		t.Error(err)
	}
}

// What is in a group keeps version 1 from setting some of its limits.
func TestGroupsAreMadeAgainFromTheTop(t *testing.T) {
	for range 4 {
		g := groups(t)
		top := request(t, "top", `{"cpuset":{"cpus":"0"},"devices":["c 1:3 rwm"],"cpu":{"maxUs":100000}}`, nil)
		above := put(t, g, first, top)
		inner := request(t, "inner", `{"cpu":{"maxUs":100000}}`, &top)
		below := put(t, g, second, inner)
		// Ten processors for a moment would be more than there are above.
		inner.Resources = *resources(t, `{"cpu":{"maxUs":10000,"periodUs":10000}}`)
		put(t, g, second, inner)
		for _, answer := range []api.CgroupAnswer{below, above} {
			for _, h := range g.tree.Mounted {
				if err := os.Remove(filepath.Join(h.Mount, answer.Path)); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
			}
		}
		claim, err := g.store.FindClaim(store.Cgroups, second)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Ensure(context.Background(), claim.Content); err != nil {
			t.Fatal(err)
		}
		for _, incarnation := range []string{second, first} {
			if err := g.Delete(context.Background(), incarnation); err != nil {
				t.Fatal(err)
			}
		}
	}
}
