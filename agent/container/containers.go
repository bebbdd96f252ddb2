package container

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
	"pulumi-slipway/agent/store"
)

// Containers are those of one host, seen by one process of the agent. It is safe for use by several goroutines.
type Containers struct {
	store    *store.Store
	tree     *cgroup.Tree
	groups   *cgroup.Groups
	monitors *monitors
	kernel   abilities
	accounts accountsCache
}

// Open prepares what every start shares. Base is the folder of our control groups below the root of each hierarchy,
// for example "system.slice/slipway.service"; "" stands for "slipway-<host id>". The monitor's file is looked for beside
// the running program.
func Open(s *store.Store, base string) (*Containers, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the monitor: %w", err)
	}
	return OpenWith(s, base, filepath.Dir(program))
}

// OpenWith is Open with the monitor's file in the given folder.
func OpenWith(s *store.Store, base, programs string) (*Containers, error) {
	if base == "" {
		base = "slipway-" + s.HostID()
	}
	tree, err := cgroup.Open(base)
	if err != nil {
		return nil, err
	}
	c := &Containers{store: s, tree: tree}
	c.groups = cgroup.NewGroups(s, tree, c.wanted)
	if c.kernel, err = askKernel(); err != nil {
		return nil, &api.Problem{Code: api.CodeUnsupported, Step: "look for overlayfs", Object: "overlay",
			Detail: fmt.Sprintf("this kernel has no overlayfs, or not the mount calls of Linux 5.12: %v; run: modprobe overlay", err)}
	}
	if err := checkDevices(); err != nil {
		return nil, err
	}
	if c.monitors, err = openMonitors(tree, programs); err != nil {
		return nil, err
	}
	return c, nil
}

// Groups are the control groups that people declare on the same host.
func (c *Containers) Groups() *cgroup.Groups { return c.groups }

// wanted is what a container asks for, nil for one that has no record yet.
func (c *Containers) wanted(incarnation string) *api.GroupResources {
	id, err := c.store.FindContainer(incarnation)
	if err != nil {
		return nil
	}
	known, err := c.place(id.Slot, id.Incarnation).readRecord()
	if err != nil {
		return nil
	}
	return resourcesOf(known.Request)
}

// Close ends what stands ready for the next start. Running containers go on.
func (c *Containers) Close() { c.monitors.close() }

// RemoveGroups removes our control groups once no container is left, for a host that is given up. Nothing can be
// started afterwards.
func (c *Containers) RemoveGroups(ctx context.Context) error {
	c.monitors.close()
	return c.tree.Remove(ctx)
}
