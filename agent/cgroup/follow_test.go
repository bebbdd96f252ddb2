package cgroup

import (
	"context"
	"slices"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// contained makes the group of a container in a declared one, with what it asks for.
func contained(t *testing.T, g *Groups, above, incarnation string, wanted *api.GroupResources) Group {
	t.Helper()
	claim, err := g.store.FindClaim(store.Cgroups, above)
	if err != nil {
		t.Fatal(err)
	}
	container := g.tree.Below(claim.Content, incarnation)
	if err := container.MakeAbove(wanted); err != nil {
		t.Fatal(err)
	}
	for _, h := range container.Entered(wanted) {
		if err := h.make(container.Folder(h)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := container.Remove(context.Background()); err != nil {
			t.Error(err)
		}
	})
	settings, err := container.Settings(wanted)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		if err := s.write(); err != nil {
			t.Fatal(err)
		}
	}
	return container
}

// What runs in a group goes along with what becomes of that, whether it asks for something itself or not, and is as it was
// when the group is. One that asks for more than there is counts as having it, as in version 2.
func TestWhatIsInAGroupFollowsIt(t *testing.T) {
	asking := resources(t, `{"cpuset":{"cpus":"0"},"cpu":{"maxUs":150000}}`)
	wide := resources(t, `{"cpuset":{"cpus":"0-1"},"cpu":{"maxUs":60000,"periodUs":50000}}`)
	none := &api.GroupResources{}
	names := []string{strings.Repeat("a", 32), strings.Repeat("b", 32), strings.Repeat("c", 32)}
	g := groupsWith(t, map[string]*api.GroupResources{names[0]: asking, names[1]: wide, names[2]: none})
	top := request(t, "top", `{"cpuset":{"cpus":"0-1"},"cpu":{"maxUs":150000}}`, nil)
	put(t, g, first, top)
	inner := request(t, "inner", `{"cpuset":{"cpus":"0-1"},"cpu":{"maxUs":120000},"devices":["c 1:3 rw","c 1:5 r"]}`, &top)
	put(t, g, second, inner)
	containers := map[Group]*api.GroupResources{
		contained(t, g, second, names[0], asking): asking, contained(t, g, second, names[1], wide): wide, contained(t, g, second, names[2], none): none,
	}
	for _, step := range []string{
		`{"cpuset":{"cpus":"0"},"cpu":{"maxUs":30000}}`,
		`{"cpuset":{"cpus":"1"},"cpu":{"maxUs":30000,"periodUs":60000},"devices":["c 1:3 r"]}`,
		`{"cpuset":{"cpus":"0-1"},"cpu":{"maxUs":200000,"periodUs":200000},"devices":["c 1:* rwm"]}`,
		`{"cpu":{"maxUs":20000,"periodUs":20000}}`,
		`{}`,
		`{"devices":["c 1:5 rwm"],"cpu":{"maxUs":1000}}`,
		`{"cpuset":{"cpus":"0-1"},"cpu":{"maxUs":150000}}`,
	} {
		top.Resources = *resources(t, step)
		put(t, g, first, top)
		if answer, err := g.Get(t.Context(), second); err != nil || shown(&answer.Resources) != shown(&inner.Resources) {
			t.Errorf("%s: what is in it has %s, %v", step, shown(&answer.Resources), err)
		}
		for container, wanted := range containers {
			if held, err := container.Read(wanted); err != nil || shown(held) != shown(wanted) {
				t.Errorf("%s: a container has %s, %v", step, shown(held), err)
			}
		}
	}
	for file, want := range map[string]string{
		"cpuset cpuset.cpus": "0 0-1 0-1", "cpu cpu.cfs_quota_us": "120000 60000 -1", "devices devices.list": strings.Repeat("c 1:3 rw c 1:5 r ", 3),
	} {
		controller, name, _ := strings.Cut(file, " ")
		if h, _ := g.tree.with(controller); h.Version != 1 {
			continue
		}
		var found []string
		for _, incarnation := range names {
			claim, _ := g.store.FindClaim(store.Cgroups, second)
			lines := strings.Split(g.tree.Below(claim.Content, incarnation).content(t, controller, name), "\n")
			slices.Sort(lines)
			found = append(found, lines...)
		}
		if got := strings.Join(found, " "); got != strings.TrimSpace(want) {
			t.Errorf("in the end %s is %q, want %q", name, got, want)
		}
	}
}

// Processes, and what a container made in its own group, are no reason against rules of devices.
func TestDevicesAreRestrictedAroundWhatRuns(t *testing.T) {
	g := groups(t)
	top := request(t, "top", `{}`, nil)
	put(t, g, first, top)
	none := &api.GroupResources{}
	container := contained(t, g, first, strings.Repeat("a", 32), none)
	check := func(want string) {
		t.Helper()
		if got := insideOf(t, container, none, `
			(: > /dev/null) 2>&- && echo null-w
			(: < /dev/zero) 2>&- && echo zero-r
			(: < /dev/urandom) 2>&- && echo urandom-r
			true`); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	check("null-w zero-r urandom-r")
	for _, step := range [][2]string{
		{`{"devices":["c 1:3 rwm"]}`, "null-w"},
		{`{"devices":["c 1:5 rwm","c 1:9 r"]}`, "zero-r urandom-r"},
		{`{}`, "null-w zero-r urandom-r"},
		{`{"devices":["a *:* r"]}`, "zero-r urandom-r"},
		{`{"devices":["a *:* rwm"]}`, "null-w zero-r urandom-r"},
	} {
		top.Resources = *resources(t, step[0])
		put(t, g, first, top)
		check(step[1])
	}
	// A group in a restricted one goes back to what that allows.
	top.Resources = *resources(t, `{"devices":["c 1:3 rwm","c 1:5 rwm"]}`)
	put(t, g, first, top)
	inner := request(t, "inner", `{"devices":["c 1:5 rwm","c 1:9 rwm"]}`, &top)
	put(t, g, second, inner)
	container = contained(t, g, second, strings.Repeat("b", 32), none)
	check("zero-r")
	inner.Resources = *none
	put(t, g, second, inner)
	check("null-w zero-r")
}
