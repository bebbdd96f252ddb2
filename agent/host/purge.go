package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Purge ends a claim and with it everything of ours on the host: the control groups, by removeGroups, the systemd
// unit, the run folder, and the store with the agents and the host id. It refuses while anything there belongs to
// another owner. A claim that is gone already is purged after only where nothing else is on the host, which is what
// an interrupted purge leaves.
func Purge(ctx context.Context, s *store.Store, incarnation string, removeGroups func(context.Context) error) error {
	others, err := otherOwners(s, incarnation)
	if err != nil {
		return fmt.Errorf("look for what else is on the host: %w", err)
	}
	if len(others) > 0 {
		if _, err := s.FindClaim(store.Hosts, incarnation); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return inUse(others)
	}
	if err := Delete(ctx, s, incarnation); err != nil {
		return err
	}
	if err := removeGroups(ctx); err != nil {
		return fmt.Errorf("remove the control groups: %w", err)
	}
	if SystemdBooted() {
		if err := removeUnit(ctx); err != nil {
			return err
		}
	}
	if err := s.Purge(); err != nil {
		return fmt.Errorf("remove the store: %w", err)
	}
	return nil
}

// otherOwners lists who has anything on the host besides one claim on the host itself.
func otherOwners(s *store.Store, incarnation string) ([]string, error) {
	var owners []string
	note := func(kind store.Kind, slot string) error {
		owner, err := s.Owner(kind, slot)
		if owner == "" {
			owner = fmt.Sprintf("an unknown owner (%s, slot %s)", kind, slot)
		}
		owners = append(owners, owner)
		return err
	}
	for _, kind := range []store.Kind{store.Hosts, store.Layers, store.Images, store.Cgroups} {
		claims, err := s.Claims(kind)
		if err != nil {
			return nil, err
		}
		for _, claim := range claims {
			if claim.Incarnation == incarnation && kind == store.Hosts {
				continue
			}
			if err := note(kind, claim.Slot); err != nil {
				return nil, err
			}
		}
	}
	containers, err := s.ListContainers()
	if err != nil {
		return nil, err
	}
	for _, container := range containers {
		if err := note(store.Containers, container.Slot); err != nil {
			return nil, err
		}
	}
	slices.Sort(owners)
	return slices.Compact(owners), nil
}

func inUse(owners []string) error {
	const most = 10
	more := ""
	if len(owners) > most {
		more = fmt.Sprintf(" and %d more", len(owners)-most)
		owners = owners[:most]
	}
	return &api.Problem{
		Code: api.CodeInUse,
		Step: "purge the host",
		Detail: "the host cannot be purged, because there is still something on it of: " + strings.Join(owners, ", ") + more +
			"; destroy that first, or delete the Host with onDelete \"keep\"",
	}
}
