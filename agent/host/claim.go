package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Put claims the host for an owner. Any number of owners may: a claim only says who looks after the host.
func Put(ctx context.Context, s *store.Store, incarnation string, request api.HostRequest) (api.HostAnswer, error) {
	slot, err := s.Enter(ctx, store.Hosts, incarnation, request.Owner)
	if err != nil {
		return api.HostAnswer{}, fmt.Errorf("claim the host: %w", err)
	}
	defer slot.Release()
	claim, _, err := slot.PutClaim(incarnation, "", "")
	if err != nil {
		return api.HostAnswer{}, fmt.Errorf("claim the host: %w", err)
	}
	return answer(s, claim)
}

// Get observes a claim and the machine.
func Get(_ context.Context, s *store.Store, incarnation string) (api.HostAnswer, error) {
	claim, err := s.FindClaim(store.Hosts, incarnation)
	if err != nil {
		return api.HostAnswer{}, fmt.Errorf("look for the host's claim: %w", store.Gone(store.Hosts, incarnation, err))
	}
	return answer(s, claim)
}

// Delete ends a claim. What else is on the host stays, its agent and its id too.
func Delete(ctx context.Context, s *store.Store, incarnation string) error {
	slot, err := s.Hold(ctx, store.Hosts, incarnation)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("end the host's claim: %w", err)
	}
	defer slot.Release()
	if err := slot.RemoveClaim(incarnation); err != nil {
		return fmt.Errorf("end the host's claim: %w", err)
	}
	return nil
}

func answer(s *store.Store, claim store.Claim) (api.HostAnswer, error) {
	identity, err := s.Identity(store.Hosts, claim)
	if err != nil {
		return api.HostAnswer{}, fmt.Errorf("read whose the host's claim is: %w", err)
	}
	facts, err := Facts(s.HostID())
	return api.HostAnswer{Identity: identity, HostFacts: facts}, err
}
