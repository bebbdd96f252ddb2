package api

// ImageRequest asks for an image: of layers, lowest first, with a config, or of what is to be pulled.
type ImageRequest struct {
	Owner      string       `json:"owner"`
	ContentKey string       `json:"contentKey"`
	Layers     []Reference  `json:"layers,omitempty"`
	Config     *ImageConfig `json:"config,omitempty"`
	Pull       *Pull        `json:"pull,omitempty"`
}

// ImageConfig is what a container of the image gets unless it says otherwise; the fields mean what they mean in
// the OCI image specification.
type ImageConfig struct {
	Entrypoint []string          `json:"entrypoint,omitempty"`
	Command    []string          `json:"command,omitempty"`
	Env        map[string]string `json:"env,omitempty"`
	WorkingDir string            `json:"workingDir,omitempty"`
	User       string            `json:"user,omitempty"`
	StopSignal string            `json:"stopSignal,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
}

// ImageAnswer describes an image. ImageID is the digest of its OCI configuration. Intact is false where the
// record or one of its layers is missing, and for one that was pulled also where a layer is damaged. One that was pulled
// also has the digest of its manifest (or index of manifests), and what its configuration says to containers.
type ImageAnswer struct {
	Identity
	ContentKey string   `json:"contentKey"`
	ImageID    string   `json:"imageId"`
	Layers     []string `json:"layers"`
	SizeBytes  int64    `json:"sizeBytes"`
	Intact     bool     `json:"intact"`
	// Digest is what the reference stood for when the image was pulled.
	Digest string       `json:"digest,omitempty"`
	Config *ImageConfig `json:"config,omitempty"`
}
