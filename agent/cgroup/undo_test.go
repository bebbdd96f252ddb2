package cgroup

import (
	"errors"
	"testing"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// What a program asked for and the kernel refused is as if nobody had asked: another request may never come.
func TestARefusedRequestLeavesAGroupAsItWas(t *testing.T) {
	g := groups(t)
	wanted := request(t, "x", `{"pids":{"max":7},"cpu":{"maxUs":30000}}`, nil)
	put(t, g, first, wanted)
	bad := wanted
	bad.Resources = *resources(t, `{"pids":{"max":8},"memory":{"max":67108864},"cpu":{"maxUs":30000,"burstUs":40000}}`)
	var problem *api.Problem
	for _, incarnation := range []string{first, second} {
		if _, err := g.Put(t.Context(), incarnation, bad); !errors.As(err, &problem) || problem.Code != api.CodeLimitUnsupported {
			t.Fatal(err)
		}
		answer, err := g.Get(t.Context(), first)
		if err != nil || !answer.Intact || shown(&answer.Resources) != shown(&wanted.Resources) {
			t.Errorf("%+v holds %s, %v", answer, shown(&answer.Resources), err)
		}
		claim, _ := g.store.FindClaim(store.Cgroups, first)
		holds(t, g.tree.at(claim.Content), resources(t, `{"memory":{"max":-1}}`))
	}
}

// An agent that is killed in a change leaves what it set so far.
func TestWhatACutOffChangeSetIsTakenBack(t *testing.T) {
	g := groups(t)
	wanted := request(t, "x", `{"pids":{"max":7}}`, nil)
	put(t, g, first, wanted)
	cut := func() Group {
		slot, err := g.store.Hold(t.Context(), store.Cgroups, first)
		if err != nil {
			t.Fatal(err)
		}
		defer slot.Release()
		claim, err := slot.Claim(first)
		if err != nil {
			t.Fatal(err)
		}
		other := resources(t, `{"pids":{"max":8},"memory":{"max":67108864}}`)
		claim.Settings = kept{wanted.Resources, Names(nil, &wanted.Resources, other)}.encode()
		group := g.tree.at(claim.Content)
		if _, err := group.Change(nil, &wanted.Resources, other); err != nil {
			t.Fatal(err)
		}
		if err := slot.NoteClaim(claim); err != nil {
			t.Fatal(err)
		}
		return group
	}
	for name, mend := range map[string]func() error{
		"the next agent":   func() error { return g.Sweep(t.Context()) },
		"the next request": func() error { put(t, g, first, wanted); return nil },
		"another incarnation": func() error {
			put(t, g, second, wanted)
			put(t, g, first, wanted)
			return nil
		},
	} {
		group := cut()
		if answer, err := g.Get(t.Context(), first); err != nil || answer.Intact {
			t.Errorf("%+v, %v", answer, err)
		}
		if err := mend(); err != nil {
			t.Fatal(name, err)
		}
		answer, err := g.Get(t.Context(), first)
		if err != nil || !answer.Intact || shown(&answer.Resources) != shown(&wanted.Resources) {
			t.Errorf("%s: %+v holds %s, %v", name, answer, shown(&answer.Resources), err)
		}
		holds(t, group, resources(t, `{"memory":{"max":-1}}`))
	}
}
