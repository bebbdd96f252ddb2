package layer

import (
	"context"
	"errors"
	"fmt"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Put converges an incarnation to the request: it makes the layer of the archive unless it is there, claims it for the
// owner, and takes the slot over from other incarnations. Where the archive is needed and was not sent, the answer is
// the problem "blob_missing".
func Put(ctx context.Context, s *store.Store, incarnation string, request api.LayerRequest) (api.LayerAnswer, error) {
	made, err := put(ctx, s, incarnation, request)
	if err == nil || ctx.Err() == nil && !isMissing(err) {
		// A layer needs its archive no more, and what failed for good leaves nothing. What was cut off keeps the archive for
		// the next request. One that cannot be removed now is left to Sweep.
		_ = s.RemoveBlob(request.Blob)
	}
	if err != nil {
		return api.LayerAnswer{}, api.Failed(api.CodeInternal, "make layer", incarnation, err, "")
	}
	return made, nil
}

func put(ctx context.Context, s *store.Store, incarnation string, request api.LayerRequest) (api.LayerAnswer, error) {
	slot, err := s.Enter(ctx, store.Layers, incarnation, request.Owner)
	if err != nil {
		return api.LayerAnswer{}, err
	}
	defer slot.Release()
	record, lease, err := held(ctx, s, slot, incarnation, request)
	if err != nil {
		return api.LayerAnswer{}, err
	}
	claim, before, err := slot.PutClaim(incarnation, request.ContentKey, record.Digest)
	lease.Unlock()
	if err != nil {
		// Without a claim nobody may need what was just made.
		return api.LayerAnswer{}, errors.Join(err, s.Collect(ctx, store.Pins{Layers: []string{record.Digest}}))
	}
	for _, old := range before {
		if err := s.Collect(ctx, store.Pins{Layers: []string{old.Content}}); err != nil {
			return api.LayerAnswer{}, fmt.Errorf("remove what it replaces: %w", err)
		}
	}
	return answer(slot.Owner, claim, record, true), nil
}

// held answers the layer a request asks for and a lock that keeps it on the host. An incarnation that has it already
// needs no archive.
func held(
	ctx context.Context, s *store.Store, slot *store.Slot, incarnation string, request api.LayerRequest,
) (Record, *store.Lock, error) {
	claim, err := slot.Claim(incarnation)
	if err == nil && claim.ContentKey == request.ContentKey {
		lease, err := s.LockShared(ctx, store.LayerLock(claim.Content))
		if err != nil {
			return Record{}, nil, err
		}
		record, intact, err := isIntact(s, claim.Content)
		if err == nil && intact {
			return record, lease, nil
		}
		lease.Unlock()
		if err != nil {
			return Record{}, nil, err
		}
	}
	return Obtain(ctx, s, request.Blob, nil, func() error { return blobMissing(request.Blob) })
}

// Get observes a layer; the problem "gone" where there is no such incarnation.
func Get(_ context.Context, s *store.Store, incarnation string) (api.LayerAnswer, error) {
	claim, err := s.FindClaim(store.Layers, incarnation)
	if err != nil {
		return api.LayerAnswer{}, fmt.Errorf("look at layer %s: %w", incarnation, store.Gone(store.Layers, incarnation, err))
	}
	return observe(s, claim, Looks{})
}

// Delete ends a claim on a layer, and the layer itself if nothing else refers to it. One that is gone is no error.
func Delete(ctx context.Context, s *store.Store, incarnation string) error {
	claim, err := s.EndClaim(ctx, store.Layers, incarnation)
	if err != nil {
		return fmt.Errorf("delete layer %s: %w", incarnation, err)
	}
	if err := s.Collect(ctx, store.Pins{Layers: []string{claim.Content}}); err != nil {
		return fmt.Errorf("remove the content of layer %s: %w", incarnation, err)
	}
	return nil
}

// List answers for every claim on a layer.
func List(_ context.Context, s *store.Store) ([]api.LayerAnswer, error) {
	claims, err := s.Claims(store.Layers)
	if err != nil {
		return nil, fmt.Errorf("list the layers: %w", err)
	}
	answers, seen := make([]api.LayerAnswer, len(claims)), Looks{}
	for i, claim := range claims {
		if answers[i], err = observe(s, claim, seen); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func observe(s *store.Store, claim store.Claim, seen Looks) (api.LayerAnswer, error) {
	owner, err := s.Owner(store.Layers, claim.Slot)
	if err != nil {
		return api.LayerAnswer{}, fmt.Errorf("look at layer %s: %w", claim.Incarnation, err)
	}
	record, intact, err := seen.At(s, claim.Content)
	if err != nil {
		return api.LayerAnswer{}, fmt.Errorf("look at layer %s: %w", claim.Incarnation, err)
	}
	return answer(owner, claim, record, intact), nil
}

func answer(owner string, claim store.Claim, record Record, intact bool) api.LayerAnswer {
	return api.LayerAnswer{
		Identity:   api.Identity{Owner: owner, Slot: claim.Slot, Incarnation: claim.Incarnation},
		ContentKey: claim.ContentKey,
		Digest:     claim.Content,
		SizeBytes:  record.SizeBytes,
		Intact:     intact,
	}
}
