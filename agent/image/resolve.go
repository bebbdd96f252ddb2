package image

import (
	"context"
	"fmt"
	"os"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Resolved is an image ready to be mounted. It stays on the host until Release; a container that puts Pins into its
// record (see store.RecordName) before that keeps it for as long as the record is there.
type Resolved struct {
	store.Pins
	// Trees are the lower directories for overlayfs, lowest first.
	Trees  []string
	Config api.ImageConfig
	lease  *store.Lock
}

// Release lets the image be removed unless a claim or a record refers to it. A second call does nothing.
func (r *Resolved) Release() { r.lease.Unlock() }

// Resolve finds the image that a reference means and keeps it on the host until Release. It fails with a problem that
// says what is missing.
func Resolve(ctx context.Context, s *store.Store, reference api.Reference) (*Resolved, error) {
	claim, err := s.Referred(store.Images, reference)
	if err != nil {
		return nil, err
	}
	return resolve(ctx, s, claim.Content, reference.Owner)
}

// Known does the same for a container that is started again with the pins of its record. Nothing was removed since,
// because the record refers to it, but something may be damaged.
func Known(ctx context.Context, s *store.Store, pins store.Pins) (*Resolved, error) {
	return resolve(ctx, s, pins.ImageID, pins.ImageID)
}

func resolve(ctx context.Context, s *store.Store, id, name string) (*Resolved, error) {
	lease, err := s.LockShared(ctx, store.ImageLock(id))
	if err != nil {
		return nil, err
	}
	// The image's record keeps its layers, so a lease on the image is one on all of it.
	image, configuration, err := read(s, id)
	if err != nil {
		lease.Unlock()
		return nil, lacking("image", name, err)
	}
	config, err := readConfiguration(configuration)
	if err != nil {
		lease.Unlock()
		return nil, fmt.Errorf("resolve image %s: %w", name, err)
	}
	resolved := &Resolved{Pins: image.Pins, Trees: image.trees(s), Config: config, lease: lease}
	for _, tree := range resolved.Trees {
		if _, err := os.Lstat(tree); err != nil {
			lease.Unlock()
			return nil, lacking("image", name, err)
		}
	}
	return resolved, nil
}
