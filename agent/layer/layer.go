// Package layer makes layers: it takes in archives as blobs and unpacks each into one immutable tree that overlayfs
// can use as a lower directory. It does not know images or containers, nor where the store keeps things.
package layer

import (
	"context"
	"io"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// PutBlob reads the bytes to their end and keeps them if they are those the digest names.
func PutBlob(ctx context.Context, s *store.Store, digest string, bytes io.Reader) error {
	panic("being written")
}

// Put converges an incarnation to the request.
func Put(ctx context.Context, s *store.Store, incarnation string, request api.LayerRequest) (api.LayerAnswer, error) {
	panic("being written")
}

// Get observes a layer.
func Get(ctx context.Context, s *store.Store, incarnation string) (api.LayerAnswer, error) {
	panic("being written")
}

// Delete ends a claim on a layer.
func Delete(ctx context.Context, s *store.Store, incarnation string) error { panic("being written") }

// List answers for every claim on a layer.
func List(ctx context.Context, s *store.Store) ([]api.LayerAnswer, error) { panic("being written") }
