package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/layer"
	"pulumi-slipway/agent/store"
)

// Put converges an incarnation to the request: it makes the image of layers that are on the host, claims it for the
// owner, and takes the slot over from other incarnations.
func Put(ctx context.Context, s *store.Store, incarnation string, request api.ImageRequest) (api.ImageAnswer, error) {
	slot, err := s.Enter(ctx, store.Images, incarnation, request.Owner)
	if err != nil {
		return api.ImageAnswer{}, api.Failed(api.CodeInternal, "make image", incarnation, err, "")
	}
	defer slot.Release()
	image, configuration, leases, err := assemble(ctx, s, request)
	if err != nil {
		return api.ImageAnswer{}, api.Failed(api.CodeInternal, "make image", incarnation, err, "")
	}
	claim, before, err := commit(ctx, s, slot, incarnation, request.ContentKey, image, configuration)
	// Collecting waits for every lease, ours too.
	leases.Unlock()
	if err != nil {
		// Without a claim nobody may need what was just made.
		err = errors.Join(err, s.Collect(ctx, store.Pins{ImageID: image.ImageID}))
		return api.ImageAnswer{}, api.Failed(api.CodeInternal, "make image", incarnation, err, "")
	}
	for _, old := range before {
		if err := s.Collect(ctx, store.Pins{ImageID: old.Content}); err != nil {
			return api.ImageAnswer{}, fmt.Errorf("remove what image %s replaces: %w", incarnation, err)
		}
	}
	return answer(slot.Owner, claim, image, true), nil
}

// assemble finds the layers of an image and answers locks that keep them on the host.
func assemble(ctx context.Context, s *store.Store, request api.ImageRequest) (record, []byte, *store.Lock, error) {
	image := record{Format: recordFormat, Pins: store.Pins{Layers: make([]string, len(request.Layers))}}
	locks := make([]string, len(request.Layers))
	for i, reference := range request.Layers {
		claim, err := s.Referred(store.Layers, reference)
		if err != nil {
			return image, nil, nil, err
		}
		image.Layers[i], locks[i] = claim.Content, store.LayerLock(claim.Content)
	}
	leases, err := s.LockShared(ctx, locks...)
	if err != nil {
		return image, nil, nil, err
	}
	for i, digest := range image.Layers {
		found, err := layer.Read(s, digest)
		if err != nil {
			leases.Unlock()
			return image, nil, nil, lacking("layer", request.Layers[i].Owner, err)
		}
		if !slices.Contains(image.Layers[:i], digest) {
			image.SizeBytes += found.SizeBytes
		}
	}
	configuration, err := configurationOf(request.Config, image.Layers)
	if err != nil {
		leases.Unlock()
		return image, nil, nil, err
	}
	image.ImageID = idOf(configuration)
	return image, configuration, leases, nil
}

// commit writes image and claim. Both under the lock that removing the image would need.
func commit(
	ctx context.Context, s *store.Store, slot *store.Slot, incarnation, contentKey string, image record, configuration []byte,
) (store.Claim, []store.Claim, error) {
	lock, err := s.Lock(ctx, store.ImageLock(image.ImageID))
	if err != nil {
		return store.Claim{}, nil, err
	}
	defer lock.Unlock()
	if err := write(s, image, configuration); err != nil {
		return store.Claim{}, nil, err
	}
	return slot.PutClaim(incarnation, contentKey, image.ImageID)
}

// lacking is the problem of content that is not as its claim says.
func lacking(noun, owner string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, store.ErrDamaged) {
		return err
	}
	return &api.Problem{Code: api.CodeContentDamaged, Step: "look at the " + noun, Object: owner,
		Detail: fmt.Sprintf("the %s %s is missing or damaged on this host (%v); `pulumi up --refresh` makes it anew", noun, owner, err)}
}

// Get observes an image; the problem "gone" where there is no such incarnation.
func Get(_ context.Context, s *store.Store, incarnation string) (api.ImageAnswer, error) {
	claim, err := s.FindClaim(store.Images, incarnation)
	if err != nil {
		return api.ImageAnswer{}, fmt.Errorf("look at image %s: %w", incarnation, store.Gone(store.Images, incarnation, err))
	}
	return observe(s, claim)
}

// Delete ends a claim on an image, and with it the image and its layers as far as nothing else refers to them. One that
// is gone is no error.
func Delete(ctx context.Context, s *store.Store, incarnation string) error {
	claim, err := s.EndClaim(ctx, store.Images, incarnation)
	if err != nil {
		return fmt.Errorf("delete image %s: %w", incarnation, err)
	}
	if err := s.Collect(ctx, store.Pins{ImageID: claim.Content}); err != nil {
		return fmt.Errorf("remove the content of image %s: %w", incarnation, err)
	}
	return nil
}

// List answers for every claim on an image.
func List(_ context.Context, s *store.Store) ([]api.ImageAnswer, error) {
	claims, err := s.Claims(store.Images)
	if err != nil {
		return nil, fmt.Errorf("list the images: %w", err)
	}
	answers := make([]api.ImageAnswer, len(claims))
	for i, claim := range claims {
		if answers[i], err = observe(s, claim); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func observe(s *store.Store, claim store.Claim) (api.ImageAnswer, error) {
	owner, err := s.Owner(store.Images, claim.Slot)
	if err != nil {
		return api.ImageAnswer{}, fmt.Errorf("look at image %s: %w", claim.Incarnation, err)
	}
	image, intact, err := isIntact(s, claim.Content)
	if err != nil {
		return api.ImageAnswer{}, fmt.Errorf("look at image %s: %w", claim.Incarnation, err)
	}
	return answer(owner, claim, image, intact), nil
}

func answer(owner string, claim store.Claim, image record, intact bool) api.ImageAnswer {
	if image.Layers == nil {
		image.Layers = []string{} // the contract wants a list where the record is gone, too
	}
	return api.ImageAnswer{
		Identity:   api.Identity{Owner: owner, Slot: claim.Slot, Incarnation: claim.Incarnation},
		ContentKey: claim.ContentKey,
		ImageID:    claim.Content,
		Layers:     image.Layers,
		SizeBytes:  image.SizeBytes,
		Intact:     intact,
	}
}
