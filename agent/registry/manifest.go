package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"
)

// largestManifest is what registries themselves take at most.
const largestManifest = 4 << 20

// The media types of manifests, as Docker and the OCI image specification call them.
const (
	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	dockerIndex    = "application/vnd.docker.distribution.manifest.list.v2+json"
	ociManifest    = "application/vnd.oci.image.manifest.v1+json"
	ociIndex       = "application/vnd.oci.image.index.v1+json"
)

func isManifest(mediaType string) bool {
	return mediaType == dockerManifest || mediaType == ociManifest
}
func isIndex(mediaType string) bool { return mediaType == dockerIndex || mediaType == ociIndex }

// Descriptor points at content by its digest.
type Descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
	// Platform is that of a manifest in an index.
	Platform *Platform `json:"platform"`
}

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// manifest is a document as it was served.
type manifest struct {
	mediaType string
	digest    string
	// of one image:
	config Descriptor
	layers []Descriptor
	// of an index:
	manifests []Descriptor
}

// manifest fetches the document of a tag or a digest; where an index named it, it has to be what that said.
func (r *Repository) manifest(ctx context.Context, name string, want *Descriptor) (manifest, error) {
	var served string
	var body []byte
	err := r.persist(ctx, func() (bool, error) {
		response, err := r.get(ctx, "manifests/"+name, http.Header{
			"Accept": {strings.Join([]string{ociIndex, dockerIndex, ociManifest, dockerManifest}, ", ")}})
		if err != nil {
			return false, err
		}
		defer discard(response)
		served, _, _ = mime.ParseMediaType(response.Header.Get("Content-Type"))
		watched := r.watch(ctx, response.Body)
		defer watched.stop()
		body, err = io.ReadAll(io.LimitReader(watched, largestManifest+1))
		return false, err
	})
	if err != nil {
		return manifest{}, err
	}
	if len(body) > largestManifest {
		return manifest{}, r.invalid("read the manifest", fmt.Sprintf("the manifest is larger than %d bytes", largestManifest))
	}
	sum := sha256.Sum256(body)
	found := manifest{digest: "sha256:" + hex.EncodeToString(sum[:])}
	if strings.Contains(name, ":") && name != found.digest {
		return manifest{}, r.mismatch(name, found.digest)
	}
	if want != nil && want.Size != int64(len(body)) {
		return manifest{}, r.invalid("read the manifest", fmt.Sprintf("the manifest %s has %d bytes, its index says %d", name, len(body), want.Size))
	}
	if what := found.read(body, served, want); what != "" {
		return manifest{}, r.invalid("read the manifest", what)
	}
	return found, nil
}

// read takes a document for what all that names its kind agree on: the header it was served with, the index that led to
// it, its own mediaType and its members. A document that one reader takes for an image and another for an index would
// let a scanner look at one thing and a host run another (CVE-2021-41190). It answers what is wrong, "" for nothing.
func (m *manifest) read(body []byte, served string, want *Descriptor) string {
	if err := unambiguous(body); err != nil {
		return fmt.Sprintf("the manifest is no plain JSON: %v", err)
	}
	var document struct {
		MediaType string          `json:"mediaType"`
		Config    *Descriptor     `json:"config"`
		Layers    *[]Descriptor   `json:"layers"`
		Manifests *[]Descriptor   `json:"manifests"`
		FSLayers  json.RawMessage `json:"fsLayers"`
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return "the manifest is not as the specification says: " + printable(err.Error())
	}
	if document.FSLayers != nil || strings.HasPrefix(served, "application/vnd.docker.distribution.manifest.v1") {
		return "it is in Docker's old form (schema 1), which nothing vouches for; push it anew with a Docker later than 2016"
	}
	m.mediaType = document.MediaType
	if m.mediaType == "" {
		m.mediaType = served
	}
	switch {
	case isManifest(served) || isIndex(served):
		if m.mediaType != served {
			return fmt.Sprintf("the manifest is served as %s and calls itself %s", quoted(served), quoted(document.MediaType))
		}
	case document.MediaType == "" || served != "" && served != "application/json" && served != "application/octet-stream" && served != "text/plain":
		return fmt.Sprintf("it is of the media type %s, which is no image", quoted(served))
	}
	if want != nil && want.MediaType != m.mediaType {
		return fmt.Sprintf("the manifest is of the media type %s, its index says %s", quoted(m.mediaType), quoted(want.MediaType))
	}
	switch {
	case isIndex(m.mediaType) && document.Manifests != nil && document.Config == nil && document.Layers == nil:
		m.manifests = *document.Manifests
	case isManifest(m.mediaType) && document.Manifests == nil && document.Config != nil && document.Layers != nil:
		m.config, m.layers = *document.Config, *document.Layers
	case isIndex(m.mediaType) || isManifest(m.mediaType):
		return fmt.Sprintf("the manifest has members that do not go with its media type %s", quoted(m.mediaType))
	default:
		return fmt.Sprintf("it is of the media type %s, which is no image", quoted(m.mediaType))
	}
	return m.checkDescriptors()
}

func (m *manifest) checkDescriptors() string {
	all := append([]Descriptor{}, m.manifests...)
	if isManifest(m.mediaType) {
		all = append(append(all, m.config), m.layers...)
	}
	for _, d := range all {
		if !digestForm.MatchString(d.Digest) {
			return fmt.Sprintf("the manifest refers to %s, which is no sha256 digest", quoted(d.Digest))
		}
		if d.Size < 0 {
			return fmt.Sprintf("the manifest says that %s has %d bytes", d.Digest, d.Size)
		}
	}
	return ""
}
