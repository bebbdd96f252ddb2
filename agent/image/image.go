package image

import (
	"context"
	"fmt"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/layer"
	"pulumi-slipway/agent/store"
)

// Get observes an image; the problem "gone" where there is no such incarnation.
func Get(_ context.Context, s *store.Store, incarnation string) (api.ImageAnswer, error) {
	claim, err := s.FindClaim(store.Images, incarnation)
	if err != nil {
		return api.ImageAnswer{}, fmt.Errorf("look at image %s: %w", incarnation, store.Gone(store.Images, incarnation, err))
	}
	return observe(s, claim, layer.Looks{})
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
	answers, seen := make([]api.ImageAnswer, len(claims)), layer.Looks{}
	for i, claim := range claims {
		if answers[i], err = observe(s, claim, seen); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func observe(s *store.Store, claim store.Claim, seen layer.Looks) (api.ImageAnswer, error) {
	owner, err := s.Owner(store.Images, claim.Slot)
	if err != nil {
		return api.ImageAnswer{}, fmt.Errorf("look at image %s: %w", claim.Incarnation, err)
	}
	image, configuration, intact, err := isIntact(s, claim.Content)
	if err == nil && intact && len(claim.Settings) > 0 {
		intact, err = isWhole(s, image, seen)
	}
	if err != nil {
		return api.ImageAnswer{}, fmt.Errorf("look at image %s: %w", claim.Incarnation, err)
	}
	return answer(owner, claim, image, configuration, intact)
}

func answer(owner string, claim store.Claim, image record, configuration []byte, intact bool) (api.ImageAnswer, error) {
	if image.Layers == nil {
		image.Layers = []string{} // the contract wants a list where the record is gone, too
	}
	from, err := originOf(claim)
	if err != nil {
		return api.ImageAnswer{}, err
	}
	found := api.ImageAnswer{
		Identity:   api.Identity{Owner: owner, Slot: claim.Slot, Incarnation: claim.Incarnation},
		ContentKey: claim.ContentKey,
		ImageID:    claim.Content,
		Layers:     image.Layers,
		SizeBytes:  image.SizeBytes,
		Intact:     intact,
		Digest:     from.Digest,
	}
	if from.Digest != "" && len(configuration) > 0 {
		config, err := readConfiguration(configuration)
		if err != nil {
			return found, err
		}
		found.Config = &config
	}
	return found, nil
}
