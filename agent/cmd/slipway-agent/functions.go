package main

import (
	"context"
	"io"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/container"
	"pulumi-slipway/agent/host"
	"pulumi-slipway/agent/image"
	"pulumi-slipway/agent/layer"
	"pulumi-slipway/agent/server"
	"pulumi-slipway/agent/store"
)

// functions joins the routes with what carries them out.
func functions(s *store.Store, containers *container.Containers) server.Functions {
	unit := new(unit)
	all := server.Functions{
		Facts: func(context.Context) (api.HostFacts, error) { return host.Facts(s.HostID()) },
		Inventory: func(ctx context.Context) (api.Inventory, error) {
			return host.Inventory(ctx, s, host.Lists{Layers: layer.List, Images: image.List, Cgroups: containers.Groups().List, Containers: containers.List})
		},
		Stats: func(ctx context.Context) (api.Stats, error) {
			return host.Stats(ctx, s.HostID(), host.Readers{Containers: containers.Stats, Cgroups: containers.Groups().Stats})
		},
		Blob: func(ctx context.Context, digest string, bytes io.Reader) error {
			return layer.PutBlob(ctx, s, digest, bytes)
		},
		Hosts: resource(s, host.Put, host.Get, host.Delete),
		Purge: func(ctx context.Context, incarnation string) error {
			return host.Purge(ctx, s, incarnation, containers.RemoveGroups)
		},
		Layers: resource(s, layer.Put, layer.Get, layer.Delete),
		Images: resource(s, image.Put, image.Get, image.Delete),
		Cgroups: server.Resource[api.CgroupRequest, api.CgroupAnswer]{
			Put:    containers.Groups().Put,
			Get:    containers.Groups().Get,
			Delete: containers.Groups().Delete,
		},
		Containers: server.Resource[api.ContainerRequest, api.ContainerAnswer]{
			Put:    containers.Put,
			Get:    containers.Get,
			Delete: containers.Delete,
		},
		Stoppable: map[string]server.Stoppable{
			"cgroups":    {SetPaused: containers.Groups().SetPaused, Kill: containers.KillGroup},
			"containers": {SetPaused: containers.SetPaused, Kill: containers.Kill},
		},
		Logs: containers.Logs,
	}
	all.Hosts.Put = afterUnit(unit, all.Hosts.Put)
	all.Cgroups.Put = afterUnit(unit, all.Cgroups.Put)
	all.Containers.Put = afterUnit(unit, all.Containers.Put)
	return all
}

// resource binds the three functions of a resource to the store.
func resource[Request, Answer any](
	s *store.Store,
	put func(context.Context, *store.Store, string, Request) (Answer, error),
	get func(context.Context, *store.Store, string) (Answer, error),
	remove func(context.Context, *store.Store, string) error,
) server.Resource[Request, Answer] {
	return server.Resource[Request, Answer]{
		Put: func(ctx context.Context, incarnation string, request Request) (Answer, error) {
			return put(ctx, s, incarnation, request)
		},
		Get:    func(ctx context.Context, incarnation string) (Answer, error) { return get(ctx, s, incarnation) },
		Delete: func(ctx context.Context, incarnation string) error { return remove(ctx, s, incarnation) },
	}
}
