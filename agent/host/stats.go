package host

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"pulumi-slipway/agent/api"
)

// Readers are the resources' own answers to what of them uses the host.
type Readers struct {
	Containers func(context.Context) ([]api.ContainerStats, error)
	Cgroups    func(context.Context) ([]api.CgroupStats, error)
}

// Stats reads once what everything of ours uses.
func Stats(ctx context.Context, hostID string, readers Readers) (api.Stats, error) {
	// Numbers always have six digits behind the point, so that texts of the same day sort by time.
	stats := api.Stats{Time: time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"), HostID: hostID, CPUs: runtime.NumCPU()}
	var err error
	if stats.MemoryBytes, err = memoryBytes(); err != nil {
		return stats, err
	}
	if stats.Containers, err = readers.Containers(ctx); err != nil {
		return stats, fmt.Errorf("read what the containers use: %w", err)
	}
	if stats.Cgroups, err = readers.Cgroups(ctx); err != nil {
		return stats, fmt.Errorf("read what the control groups use: %w", err)
	}
	return stats, nil
}
