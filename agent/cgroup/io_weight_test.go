package cgroup

import (
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
)

// What was asked for is in every file that something reads weights from.
func TestWeightsOfBlockIOAreWhereTheyCount(t *testing.T) {
	tree := prepared(t)
	wanted := resources(t, `{"io":{"weight":4500}}`)
	group := tree.Group("abc")
	if err := group.MakeAbove(wanted); err != nil {
		t.Fatal(err)
	}
	if err := group.Check(wanted); err != nil {
		t.Skip(err)
	}
	group = made(t, tree, "abc", wanted)
	check := func(weights ...string) {
		t.Helper()
		for i, name := range []string{"blkio.bfq.weight", "io.bfq.weight", "io.weight"} {
			held := strings.TrimPrefix(group.content(t, "io", name), "default ")
			if held != "-" && held != weights[i] {
				t.Errorf("%s is %s, want %s", name, held, weights[i])
			}
		}
	}
	check("500", "500", "4500")
	holds(t, group, wanted)
	other := resources(t, `{"io":{"weight":50}}`)
	if _, err := group.Change(nil, wanted, other); err != nil {
		t.Fatal(err)
	}
	check("50", "50", "50")
	if h, _ := tree.with("io"); group.content(t, "io", bfqFile) != "-" {
		// Somebody changes only the one that counts.
		if err := write(group.in(h).path(bfqFile), "500"); err != nil {
			t.Fatal(err)
		}
		if held, err := group.Read(other); err != nil || shown(held) != shown(wanted) {
			t.Errorf("holds %s, %v", shown(held), err)
		}
	}
	if _, err := group.Change(nil, other, &api.GroupResources{}); err != nil {
		t.Fatal(err)
	}
	check("100", "100", "100")
}
