package main

import (
	"context"
	"errors"
	"log"
	"time"

	"pulumi-slipway/agent/container"
	"pulumi-slipway/agent/store"
)

// unusedBlobAge is how long an archive that has not become a layer is kept: long enough for a client that
// lost its connection to come back and not send it again.
const unusedBlobAge = time.Hour

// sweep removes what agents that were killed left half-made. Nobody waits for it and nothing depends on it.
func sweep(ctx context.Context, s *store.Store, containers *container.Containers, faults *log.Logger) {
	err := errors.Join(containers.Sweep(ctx), containers.Groups().Sweep(ctx), s.Sweep(ctx, unusedBlobAge))
	if err != nil && !errors.Is(err, context.Canceled) {
		faults.Printf("remove what was left half-made: %v", err)
	}
}
