package cgroup

import (
	"context"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Get observes a group.
func (g *Groups) Get(_ context.Context, incarnation string) (api.CgroupAnswer, error) {
	claim, err := g.store.FindClaim(store.Cgroups, incarnation)
	if err != nil {
		return api.CgroupAnswer{}, store.Gone(store.Cgroups, incarnation, err)
	}
	return g.answer(claim)
}

// List observes all there are.
func (g *Groups) List(context.Context) ([]api.CgroupAnswer, error) {
	claims, err := g.store.Claims(store.Cgroups)
	if err != nil {
		return nil, err
	}
	all := []api.CgroupAnswer{}
	for _, claim := range claims {
		answer, err := g.answer(claim)
		if err != nil {
			return nil, err
		}
		all = append(all, answer)
	}
	return all, nil
}

func (g *Groups) answer(claim store.Claim) (api.CgroupAnswer, error) {
	identity, err := g.store.Identity(store.Cgroups, claim)
	if err != nil {
		return api.CgroupAnswer{}, err
	}
	group := g.tree.at(claim.Content)
	answer := api.CgroupAnswer{
		Identity: identity, ContentKey: claim.ContentKey, Path: group.Path(), Version: g.tree.Entered[0].Version, Intact: g.whole(group),
	}
	known, err := keptOf(claim)
	if err != nil || !answer.Intact {
		return answer, err
	}
	answer.Intact = len(known.Touched) == 0
	if answer.Paused, err = group.Paused(); err != nil {
		return answer, err
	}
	held, err := group.Read(&known.Resources)
	if Gone(err) {
		answer.Intact = false
		return answer, nil
	}
	if err != nil {
		return answer, err
	}
	answer.Resources = *held
	return answer, nil
}
