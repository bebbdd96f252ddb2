package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/layer"
	"pulumi-slipway/agent/store"
)

// Put converges an incarnation to the request: it pulls the image, or makes it of layers that are on the host, claims it
// for the owner, and takes the slot over from other incarnations.
func Put(ctx context.Context, s *store.Store, incarnation string, request api.ImageRequest) (api.ImageAnswer, error) {
	for tries := 1; ; tries++ {
		made, err := put(ctx, s, incarnation, request)
		if errors.Is(err, errVanished) && tries < 3 {
			continue
		}
		if err != nil {
			return api.ImageAnswer{}, api.Failed(api.CodeInternal, "make image", incarnation, err, "")
		}
		return made, nil
	}
}

func put(ctx context.Context, s *store.Store, incarnation string, request api.ImageRequest) (api.ImageAnswer, error) {
	// Before the slot is held: a registry may take its time.
	from := pulled{}
	if request.Pull != nil {
		var err error
		if from, err = pull(ctx, s, incarnation, request); err != nil {
			return api.ImageAnswer{}, err
		}
	}
	slot, err := s.Enter(ctx, store.Images, incarnation, request.Owner)
	if err != nil {
		return api.ImageAnswer{}, err
	}
	defer slot.Release()
	made, err := assemble(ctx, s, request, from)
	if err != nil {
		return api.ImageAnswer{}, err
	}
	claim, before, err := commit(ctx, s, slot, incarnation, request.ContentKey, made)
	// Collecting waits for every lease, ours too.
	made.leases.Unlock()
	if err != nil {
		// Without a claim nobody may need what was just made.
		return api.ImageAnswer{}, errors.Join(err, s.Collect(ctx, made.image.Pins))
	}
	for _, old := range before {
		if err := s.Collect(ctx, store.Pins{ImageID: old.Content}); err != nil {
			return api.ImageAnswer{}, fmt.Errorf("remove what it replaces: %w", err)
		}
	}
	return answer(slot.Owner, claim, made.image, made.configuration, true)
}

// assembled is an image that is about to be claimed.
type assembled struct {
	image         record
	configuration []byte
	origin        json.RawMessage
	// leases keep its layers on the host.
	leases *store.Lock
}

func assemble(ctx context.Context, s *store.Store, request api.ImageRequest, from pulled) (made assembled, err error) {
	if request.Pull == nil {
		made.image, made.configuration, made.leases, err = ofLayers(ctx, s, request)
		return made, err
	}
	if made.origin, err = json.Marshal(from.origin); err != nil {
		return made, fmt.Errorf("note where an image came from: %w", err)
	}
	made.configuration = from.configuration
	made.image, made.leases, err = from.hold(ctx, s)
	return made, err
}

// ofLayers finds the layers of an image and answers locks that keep them on the host.
func ofLayers(ctx context.Context, s *store.Store, request api.ImageRequest) (record, []byte, *store.Lock, error) {
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
	config := api.ImageConfig{}
	if request.Config != nil {
		config = *request.Config
	}
	configuration, err := configurationOf(config, image.Layers)
	if err != nil {
		leases.Unlock()
		return image, nil, nil, err
	}
	image.ImageID = idOf(configuration)
	return image, configuration, leases, nil
}

// commit writes image and claim. Both under the lock that removing the image would need.
func commit(
	ctx context.Context, s *store.Store, slot *store.Slot, incarnation, contentKey string, made assembled,
) (store.Claim, []store.Claim, error) {
	lock, err := s.Lock(ctx, store.ImageLock(made.image.ImageID))
	if err != nil {
		return store.Claim{}, nil, err
	}
	defer lock.Unlock()
	if err := write(s, made.image, made.configuration); err != nil {
		return store.Claim{}, nil, err
	}
	return slot.PutClaimWith(incarnation, contentKey, made.image.ImageID, made.origin)
}

// lacking is the problem of content that is not as its claim says.
func lacking(noun, owner string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, store.ErrDamaged) {
		return err
	}
	return &api.Problem{Code: api.CodeContentDamaged, Step: "look at the " + noun, Object: owner,
		Detail: fmt.Sprintf("the %s %s is missing or damaged on this host (%v); `pulumi up --refresh` makes it anew", noun, owner, err)}
}
