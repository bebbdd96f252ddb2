package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"

	"pulumi-slipway/agent/api"
)

const (
	// mostLayers is what fits the one page that kernels before 6.7 take the names of all layers in.
	mostLayers = 200
	// largestConfig is far above what builders write, and little enough to be read at every start.
	largestConfig = 1 << 20
)

// Image is an image of one platform as a registry describes it. Nothing of it but the configuration was fetched.
type Image struct {
	// Digest is what the reference stands for: a manifest's, or that of an index of manifests.
	Digest string
	// Config is the configuration, verified against the manifest; what it says is not.
	Config []byte
	// Layers are the archives, lowest first.
	Layers []Descriptor
}

// Sources are the places of one repository, in the order in which they are tried.
type Sources struct {
	pull  api.Pull
	where []*Repository
}

// Open prepares to pull. Close it in the end.
func Open(pull api.Pull) (*Sources, error) {
	sources := &Sources{pull: pull}
	for i, place := range pull.Places {
		repository, err := open(place, pull.Proxy)
		if err != nil {
			return nil, err
		}
		if i < len(pull.Places)-1 {
			repository.tries = 2 // there is another place
		}
		sources.where = append(sources.where, repository)
	}
	return sources, nil
}

// Close ends connections that are left.
func (s *Sources) Close() {
	for _, repository := range s.where {
		repository.close()
	}
}

// Platform is the one that is wanted.
func (s *Sources) Platform() Platform {
	if s.pull.Platform == "" {
		return Platform{OS: "linux", Architecture: runtime.GOARCH}
	}
	return ParsePlatform(s.pull.Platform)
}

// Find looks up the image of a digest, or of the tag where that is "".
func (s *Sources) Find(ctx context.Context, digest string) (Image, error) {
	name := digest
	if name == "" {
		name = s.pull.Digest
	}
	if name == "" {
		name = s.pull.Tag
	}
	var found Image
	err := s.first(ctx, func(r *Repository) (err error) {
		found, err = r.find(ctx, name, s.Platform())
		return err
	})
	return found, err
}

// Fetch puts the archive of a layer into a file, going on with what that holds. received is told how many bytes came.
func (s *Sources) Fetch(ctx context.Context, layer Descriptor, file *os.File, received func(int64)) error {
	return s.first(ctx, func(r *Repository) error {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("go on with an archive: %w", err)
		}
		return r.blob(ctx, layer, file, received)
	})
}

// first tries the places until one does it. The failure of the last one, which is the registry itself, is the failure;
// what the mirrors before it had to say stands behind.
func (s *Sources) first(ctx context.Context, step func(*Repository) error) error {
	var mirrors []string
	for i, repository := range s.where {
		err := step(repository)
		problem := (*api.Problem)(nil)
		if err == nil || ctx.Err() != nil || !errors.As(err, &problem) || problem.Code == api.CodeNoSpace {
			return err
		}
		if i < len(s.where)-1 {
			mirrors = append(mirrors, problem.Detail)
			continue
		}
		whole := *problem
		if len(mirrors) > 0 {
			whole.Detail += "; before that: " + strings.Join(mirrors, "; ")
		}
		return &whole
	}
	return errors.New("there is no place to pull from")
}

func (r *Repository) find(ctx context.Context, name string, wanted Platform) (Image, error) {
	top, err := r.manifest(ctx, name, nil)
	if err != nil {
		return Image{}, err
	}
	one := top
	if isIndex(top.mediaType) {
		chosen, err := r.choose(top, wanted)
		if err != nil {
			return Image{}, err
		}
		if one, err = r.manifest(ctx, chosen.Digest, &chosen); err != nil {
			return Image{}, err
		}
	}
	if what := one.runnable(); what != "" {
		return Image{}, r.invalid("read the manifest", what)
	}
	config, err := r.small(ctx, one.config)
	return Image{top.digest, config, one.layers}, err
}

var (
	configTypes = []string{"application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json"}
	layerTypes  = []string{
		"application/vnd.docker.image.rootfs.diff.tar", "application/vnd.docker.image.rootfs.diff.tar.gzip",
		"application/vnd.docker.image.rootfs.diff.tar.zstd",
		"application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip",
		"application/vnd.oci.image.layer.v1.tar+zstd",
	}
)

// runnable answers why a manifest is not that of an image that can be run, "" where it is.
func (m *manifest) runnable() string {
	if !slices.Contains(configTypes, m.config.MediaType) {
		return fmt.Sprintf("it is no container image: its config is of the media type %s", quoted(m.config.MediaType))
	}
	if m.config.Size > largestConfig {
		return fmt.Sprintf("its config has %d bytes, more than %d", m.config.Size, largestConfig)
	}
	if len(m.layers) == 0 || len(m.layers) > mostLayers {
		return fmt.Sprintf("it has %d layers; from 1 to %d can be mounted", len(m.layers), mostLayers)
	}
	for _, layer := range m.layers {
		if strings.Contains(layer.MediaType, "foreign") || strings.Contains(layer.MediaType, "nondistributable") {
			return fmt.Sprintf("a layer is of the media type %s: it is not in the registry but elsewhere, and what is elsewhere is not fetched",
				quoted(layer.MediaType))
		}
		if !slices.Contains(layerTypes, layer.MediaType) {
			return fmt.Sprintf("a layer is of the media type %s, which is unknown; tar, plain or with gzip or zstd, can be unpacked",
				quoted(layer.MediaType))
		}
	}
	return ""
}

// small fetches a blob into memory. Its size was checked.
func (r *Repository) small(ctx context.Context, d Descriptor) ([]byte, error) {
	var body bytes.Buffer
	err := r.persist(ctx, func() (bool, error) {
		response, err := r.get(ctx, "blobs/"+d.Digest, http.Header{})
		if err != nil {
			return false, err
		}
		defer discard(response)
		watched := r.watch(ctx, response.Body)
		defer watched.stop()
		body.Reset()
		_, err = io.Copy(&body, io.LimitReader(watched, d.Size+1))
		return false, err
	})
	if err != nil {
		return nil, err
	}
	if int64(body.Len()) > d.Size {
		return nil, r.tooLong(d.Digest, d.Size)
	}
	sum := sha256.Sum256(body.Bytes())
	if found := "sha256:" + hex.EncodeToString(sum[:]); found != d.Digest {
		return nil, r.mismatch(d.Digest, found)
	}
	if err := unambiguous(body.Bytes()); err != nil {
		return nil, r.invalid("read the config", fmt.Sprintf("the config is no plain JSON: %v", err))
	}
	return body.Bytes(), nil
}
