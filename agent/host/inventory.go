package host

import (
	"context"
	"fmt"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Lists are the resources' own answers to what of them is on the host.
type Lists struct {
	Layers     func(context.Context, *store.Store) ([]api.LayerAnswer, error)
	Images     func(context.Context, *store.Store) ([]api.ImageAnswer, error)
	Cgroups    func(context.Context) ([]api.CgroupAnswer, error)
	Containers func(context.Context) ([]api.ContainerSummary, error)
}

// Inventory lists everything kept on the host. The contract wants empty lists, never null.
func Inventory(ctx context.Context, s *store.Store, lists Lists) (api.Inventory, error) {
	facts, err := Facts(s.HostID())
	if err != nil {
		return api.Inventory{}, err
	}
	inventory := api.Inventory{
		Host:       facts,
		Hosts:      []api.Identity{},
		Layers:     []api.LayerAnswer{},
		Images:     []api.ImageAnswer{},
		Cgroups:    []api.CgroupAnswer{},
		Containers: []api.ContainerSummary{},
	}
	claims, err := s.Claims(store.Hosts)
	if err != nil {
		return api.Inventory{}, fmt.Errorf("list the claims on the host: %w", err)
	}
	for _, claim := range claims {
		identity, err := s.Identity(store.Hosts, claim)
		if err != nil {
			return api.Inventory{}, fmt.Errorf("list the claims on the host: %w", err)
		}
		inventory.Hosts = append(inventory.Hosts, identity)
	}
	layers, err := lists.Layers(ctx, s)
	if err != nil {
		return api.Inventory{}, fmt.Errorf("list the layers: %w", err)
	}
	images, err := lists.Images(ctx, s)
	if err != nil {
		return api.Inventory{}, fmt.Errorf("list the images: %w", err)
	}
	groups, err := lists.Cgroups(ctx)
	if err != nil {
		return api.Inventory{}, fmt.Errorf("list the control groups: %w", err)
	}
	containers, err := lists.Containers(ctx)
	if err != nil {
		return api.Inventory{}, fmt.Errorf("list the containers: %w", err)
	}
	inventory.Layers = append(inventory.Layers, layers...)
	inventory.Images = append(inventory.Images, images...)
	inventory.Cgroups = append(inventory.Cgroups, groups...)
	inventory.Containers = append(inventory.Containers, containers...)
	return inventory, nil
}
