package cgroup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Groups are the control groups that people declare on one host, and put containers below. They are safe for use by
// several goroutines.
type Groups struct {
	store *store.Store
	tree  *Tree
}

// NewGroups are those of a store, in a tree. What a container asks for is answered by its incarnation, nil for one that is
// not known.
func NewGroups(s *store.Store, t *Tree, ofContainer func(incarnation string) *api.GroupResources) *Groups {
	g := &Groups{s, t}
	t.wanted = func(name string) *api.GroupResources {
		if incarnationForm.MatchString(name) {
			return ofContainer(name)
		}
		claims, err := s.ClaimsIn(store.Cgroups, name)
		if err != nil || len(claims) == 0 {
			return nil
		}
		known, err := keptOf(claims[0])
		if err != nil {
			return nil
		}
		return &known.Resources
	}
	return g
}

// Put makes a group, or gives the one there is other settings. What runs in it goes on.
func (g *Groups) Put(ctx context.Context, incarnation string, request api.CgroupRequest) (api.CgroupAnswer, error) {
	if err := Validate(&request.Resources); err != nil {
		return api.CgroupAnswer{}, err
	}
	if request.Paused {
		if err := g.tree.CanPause(); err != nil {
			return api.CgroupAnswer{}, err
		}
	}
	slot, err := g.store.Enter(ctx, store.Cgroups, incarnation, request.Owner)
	if err != nil {
		return api.CgroupAnswer{}, err
	}
	defer slot.Release()
	above := ""
	if request.Parent != nil {
		claim, err := g.store.Referred(store.Cgroups, *request.Parent)
		if err != nil {
			return api.CgroupAnswer{}, err
		}
		if err := g.Ensure(ctx, claim.Content); err != nil {
			return api.CgroupAnswer{}, err
		}
		above = claim.Content
	}
	path := Declared(above, slot.ID)
	before, err := claimAt(slot, path)
	if err != nil {
		return api.CgroupAnswer{}, err
	}
	if err := g.converge(ctx, slot, before, path, &request); err != nil {
		return api.CgroupAnswer{}, err
	}
	claim, others, err := slot.PutClaimWith(incarnation, request.ContentKey, path, kept{Resources: request.Resources}.encode())
	if err != nil {
		return api.CgroupAnswer{}, err
	}
	for _, other := range others {
		// Containers may still be in there. The last that leaves is followed by Sweep.
		_ = g.tree.at(other.Content).rmdir()
	}
	return g.answer(claim)
}

// converge makes a group where there is none, gives it settings, and pauses it or lets it go on. One that it made but that
// cannot have all that it removes. Nobody can be put into a group that has no claim yet.
func (g *Groups) converge(ctx context.Context, slot *store.Slot, claim *store.Claim, path string, request *api.CgroupRequest) error {
	group, known, wanted := g.tree.at(path), kept{}, &request.Resources
	finish := func() error { return nil }
	if !g.whole(group) {
		lock, err := g.store.Lock(ctx, makingLock)
		if err != nil {
			return err
		}
		defer lock.Unlock()
	}
	if claim != nil {
		var err error
		if known, err = keptOf(*claim); err != nil {
			return err
		}
		if !g.whole(group) {
			if finish, err = g.begin(group); err != nil {
				return err
			}
		}
	}
	made, err := group.make()
	if err == nil {
		err = group.Check(wanted)
	}
	if err == nil {
		err = g.change(slot, claim, group, known, wanted)
		if err == nil || !made {
			err = errors.Join(err, finish())
		}
	}
	if err == nil {
		err = group.setPaused(ctx, request.Paused)
	}
	if err != nil && made {
		err = errors.Join(err, group.Remove(ctx))
	}
	return err
}

// change notes in the claim, where there is one, which settings are about to become others, so that whoever finds it after
// a crash knows what the group may hold.
func (g *Groups) change(slot *store.Slot, claim *store.Claim, group Group, known kept, wanted *api.GroupResources) error {
	note := func(touched []string) error {
		if claim == nil {
			return nil
		}
		claim.Settings = kept{known.Resources, touched}.encode()
		return slot.NoteClaim(*claim)
	}
	if len(known.Touched) > 0 || !reflect.DeepEqual(&known.Resources, wanted) {
		if err := note(Names(known.Touched, &known.Resources, wanted)); err != nil {
			return err
		}
	}
	left, err := group.Change(known.Touched, &known.Resources, wanted)
	if err != nil {
		err = errors.Join(err, note(left))
	}
	return err
}

// claimAt is the claim in a slot that is on a path already, nil where there is none.
func claimAt(slot *store.Slot, path string) (*store.Claim, error) {
	known, err := slot.Incarnations()
	if err != nil {
		return nil, err
	}
	for _, incarnation := range known {
		if claim, err := slot.Claim(incarnation); err == nil && claim.Content == path {
			return &claim, nil
		}
	}
	return nil, nil
}

// kept is what a claim on a group keeps of its settings.
type kept struct {
	Resources api.GroupResources `json:"resources"`
	// Touched are the names of those that a change was writing when it ended too early, so that they may hold anything.
	Touched []string `json:"touched,omitempty"`
}

func (k kept) encode() json.RawMessage {
	data, _ := json.Marshal(k) // never fails: it holds nothing but numbers, texts and lists
	return data
}

func keptOf(claim store.Claim) (kept, error) {
	var found kept
	if err := json.Unmarshal(claim.Settings, &found); err != nil {
		return found, fmt.Errorf("read the settings of the group %s: %w", claim.Content, err)
	}
	return found, nil
}
