package image

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/layer"
	"pulumi-slipway/agent/progress"
	"pulumi-slipway/agent/registry"
	"pulumi-slipway/agent/store"
)

// origin is what the claim on an image that was pulled keeps besides: what its reference stood for. It is kept with the
// claim because a tag may stand for something else by the time the next incarnation asks.
type origin struct {
	Digest string `json:"digest"`
}

// originOf reads it; the zero origin is that of an image of layers.
func originOf(claim store.Claim) (origin, error) {
	var from origin
	if len(claim.Settings) == 0 {
		return from, nil
	}
	if err := json.Unmarshal(claim.Settings, &from); err != nil {
		return from, fmt.Errorf("read where image %s came from: %w", claim.Incarnation, err)
	}
	return from, nil
}

// pulled is an image whose layers were all on the host a moment ago.
type pulled struct {
	origin
	configuration []byte
	layers        []string
}

// pull brings an image to the host. An incarnation that has it already asks no registry; one whose image is damaged gets
// the same again, whatever its tag stands for by now. Nothing is held: whoever goes on looks whether all is still here.
func pull(ctx context.Context, s *store.Store, incarnation string, request api.ImageRequest) (pulled, error) {
	claim, err := s.FindClaim(store.Images, incarnation)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, store.ErrDamaged) {
		return pulled{}, err
	}
	var from origin
	if err == nil && claim.ContentKey == request.ContentKey {
		if from, err = originOf(claim); err != nil {
			return pulled{}, err
		}
		if image, configuration, err := whole(s, claim.Content); err == nil {
			return pulled{from, configuration, image.Layers}, nil
		} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, store.ErrDamaged) {
			return pulled{}, err
		}
	}
	sources, err := registry.Open(*request.Pull)
	if err != nil {
		return pulled{}, err
	}
	defer sources.Close()
	found, err := sources.Find(ctx, from.Digest)
	if problem := (*api.Problem)(nil); from.Digest != "" && errors.As(err, &problem) && problem.Code == api.CodeImageNotFound {
		problem.Detail += fmt.Sprintf("; what %s stood for when it was pulled is to be had no more: change `triggers` to take what it stands "+
			"for now", request.Pull.Reference)
	}
	if err != nil {
		return pulled{}, err
	}
	layers, err := checkForeign(found.Config, len(found.Layers), sources.Platform(), request.Pull.Reference)
	if err != nil {
		return pulled{}, err
	}
	bring := &bringing{s: s, sources: sources, budget: layer.NewBudget(request.Pull.MaxBytes), archives: found.Layers, layers: layers}
	if err := bring.all(ctx); err != nil {
		return pulled{}, err
	}
	return pulled{origin{found.Digest}, found.Config, layers}, nil
}

// whole reads an image that is whole to the last file of its layers; else the error is fs.ErrNotExist or
// store.ErrDamaged.
func whole(s *store.Store, id string) (record, []byte, error) {
	image, configuration, err := read(s, id)
	if err != nil {
		return image, nil, err
	}
	intact, err := isWhole(s, image, layer.Looks{})
	if err == nil && !intact {
		err = store.ErrDamaged
	}
	return image, configuration, err
}

// bringing is the work of getting the layers of one image.
type bringing struct {
	s        *store.Store
	sources  *registry.Sources
	budget   *layer.Budget
	archives []registry.Descriptor
	// layers are their diff ids.
	layers []string

	mu   sync.Mutex
	made []string
}

// atOnce is how many layers are fetched and unpacked at a time: enough to fill a line while one unpacks.
const atOnce = 4

// all brings every layer that is not here. The first failure ends the others. What came before a connection was lost
// stays for the next try, until Sweep finds it too old; after any other failure nothing stays.
func (b *bringing) all(ctx context.Context) error {
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for i, digest := range b.layers {
		if slices.Contains(b.layers[:i], digest) {
			continue
		}
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			if working.Err() != nil {
				return
			}
			if err := b.one(working, digest, b.archives[i]); err != nil {
				stop(err)
			}
		})
	}
	group.Wait()
	err := context.Cause(working)
	if err == nil || ctx.Err() != nil || isPassing(err) {
		return err
	}
	// Without the request's deadline: it is to leave nothing behind.
	clean := context.WithoutCancel(ctx)
	err = errors.Join(err, b.s.Collect(clean, store.Pins{Layers: b.made}))
	for _, archive := range b.archives {
		err = errors.Join(err, b.s.RemovePart(archive.Digest), b.s.RemoveBlob(archive.Digest))
	}
	return err
}

// isPassing tells failures after which the next try goes on.
func isPassing(err error) bool {
	problem := (*api.Problem)(nil)
	return errors.As(err, &problem) && (problem.Code == api.CodeRegistryUnreachable || problem.Code == api.CodeRegistryLimited)
}

// one brings a layer. Which one it is to be, the image's configuration says: an archive that unpacks to anything else is
// not taken, so that the layer need not be fetched where it came in another way.
func (b *bringing) one(ctx context.Context, digest string, archive registry.Descriptor) error {
	if _, intact, err := (layer.Looks{}).At(b.s, digest); err != nil || intact {
		return err
	}
	found, lease, err := layer.Obtain(ctx, b.s, archive.Digest, b.budget, func() error { return b.fetch(ctx, archive) })
	if err != nil {
		return err
	}
	lease.Unlock()
	b.mu.Lock()
	b.made = append(b.made, found.Digest)
	b.mu.Unlock()
	if found.Digest != digest {
		return &api.Problem{Code: api.CodeDigestMismatch, Step: "unpack", Object: archive.Digest,
			Detail: fmt.Sprintf("the layer %s of the image unpacks to %s, its config says to %s; the image contradicts itself: build it anew",
				archive.Digest, found.Digest, digest)}
	}
	return b.s.RemoveBlob(archive.Digest)
}

// fetch puts an archive where it can be unpacked. The lock on the blob is held.
func (b *bringing) fetch(ctx context.Context, archive registry.Descriptor) error {
	file, err := b.s.OpenPart(archive.Digest)
	if err != nil {
		return api.Failed(api.CodeInternal, "receive archive", archive.Digest, err, "")
	}
	defer file.Close()
	meter := progress.Of(ctx)
	meter.Expect(archive.Size)
	if err := b.sources.Fetch(ctx, archive, file, meter.Advance); err != nil {
		return err
	}
	return b.s.KeepPart(archive.Digest)
}

// errVanished means that a layer was removed by somebody between being brought and being held.
var errVanished = errors.New("a layer was removed while the image was pulled")

// hold keeps the layers of a pulled image on the host. Only a removal by somebody else can have taken one away.
func (p pulled) hold(ctx context.Context, s *store.Store) (record, *store.Lock, error) {
	image := record{Format: recordFormat, Pins: store.Pins{ImageID: idOf(p.configuration), Layers: p.layers}}
	locks := make([]string, len(p.layers))
	for i, digest := range p.layers {
		locks[i] = store.LayerLock(digest)
	}
	leases, err := s.LockShared(ctx, locks...)
	if err != nil {
		return image, nil, err
	}
	for i, digest := range p.layers {
		found, err := layer.Read(s, digest)
		if err != nil {
			leases.Unlock()
			if errors.Is(err, os.ErrNotExist) || errors.Is(err, store.ErrDamaged) {
				err = fmt.Errorf("%w: %w", errVanished, err)
			}
			return image, nil, err
		}
		if !slices.Contains(p.layers[:i], digest) {
			image.SizeBytes += found.SizeBytes
		}
	}
	return image, leases, nil
}
