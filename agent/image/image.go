// Package image makes images: an ordered list of layers and a configuration, known by the digest of the latter. It
// does not unpack anything and does not run anything.
package image

import (
	"context"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Put converges an incarnation to the request.
func Put(ctx context.Context, s *store.Store, incarnation string, request api.ImageRequest) (api.ImageAnswer, error) {
	panic("being written")
}

// Get observes an image.
func Get(ctx context.Context, s *store.Store, incarnation string) (api.ImageAnswer, error) {
	panic("being written")
}

// Delete ends a claim on an image.
func Delete(ctx context.Context, s *store.Store, incarnation string) error { panic("being written") }

// List answers for every claim on an image.
func List(ctx context.Context, s *store.Store) ([]api.ImageAnswer, error) { panic("being written") }

// Resolved is an image ready to be mounted. Its layers stay on the host until Release; put Pins into the container's
// record (in the folder of the container, see store.RecordName) before that.
type Resolved struct {
	store.Pins
	// Trees are the lower directories, lowest first.
	Trees  []string
	Config api.ImageConfig
	lease  *store.Lock
}

// Release lets the image be removed unless a record refers to it.
func (r *Resolved) Release() { panic("being written") }

// Resolve finds the image a reference means and keeps it on the host until Release.
func Resolve(ctx context.Context, s *store.Store, reference api.Reference) (*Resolved, error) {
	panic("being written")
}

// ByID does the same for a container that is started again: pins are those of its record.
func ByID(ctx context.Context, s *store.Store, pins store.Pins) (*Resolved, error) {
	panic("being written")
}
