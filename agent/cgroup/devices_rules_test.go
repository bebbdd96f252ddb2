package cgroup

import (
	"reflect"
	"strings"
	"testing"
)

func TestRulesAreWhatTheKernelMakesOfThem(t *testing.T) {
	for _, c := range []struct{ rules, want []string }{
		{[]string{"c 1:3 r", "c 01:3 w", "b 8:0 m"}, []string{"b 8:0 m", "c 1:3 rw"}},
		{[]string{"a 1:3 r"}, []string{"b 1:3 r", "c 1:3 r"}},
		{[]string{"c 1:3 r", "a *:* rwm"}, []string{everything}},
		{[]string{"c 1:* r", "c 1:3 r", "c 1:5 rw", "c *:5 rm"}, []string{"c *:5 rm", "c 1:* r", "c 1:5 rw"}},
	} {
		if got := written(merged(c.rules)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %v", c.rules, got)
		}
	}
	for rules, want := range map[[2]string]string{
		{"c 1:* rw", "c *:5 wm"}:     "c 1:5 w",
		{"c 1:3 rwm", "a *:* r"}:     "c 1:3 r",
		{"c 1:3 rwm", "b *:* rwm"}:   "",
		{"a *:* rwm", "c 1:3 rwm"}:   "c 1:3 rwm",
		{"c 1:3 rwm", "c 1:5 rwm"}:   "",
		{"a *:* rwm", "a *:* rwm"}:   everything,
		{"c 1:3 rwm", "c 1:3 rw"}:    "c 1:3 rw",
		{"c 1:3 r", "c 1:3 wm"}:      "",
		{"c *:* rwm", "c 136:* rwm"}: "c 136:* rwm",
	} {
		both := devices.within(ruled{rules: merged(rules[:1])}, ruled{rules: merged(rules[1:])})
		if got := strings.Join(written(both.rules), ", "); got != want {
			t.Errorf("%v: %q, want %q", rules, got, want)
		}
	}
	if _, err := parseRule("c 99999999999:3 rwm"); err == nil {
		t.Error("a number that no device has was taken")
	}
}

// Rules are held however they are written, and each change is the whole change.
func TestRulesOfDevicesChange(t *testing.T) {
	tree := prepared(t)
	group := made(t, tree, "abc", resources(t, `{}`))
	before := resources(t, `{}`)
	for _, step := range []string{
		`{"devices":["c 1:3 r","c 1:3 w","c 1:3 r"]}`, `{"devices":["c 1:5 rwm","c 1:3 r"]}`, `{"devices":["a *:* r"]}`,
		`{"devices":["a 1:3 rwm","c 2:01 rm"]}`,
		`{"devices":["c 1:3 rwm","a *:* rwm","c 1:5 r"]}`,
	} {
		wanted := resources(t, step)
		if _, err := group.Change(nil, before, wanted); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		holds(t, group, wanted)
		before = wanted
	}
	if _, err := group.Change(nil, before, resources(t, `{}`)); err != nil {
		t.Fatal(err)
	}
}
