package api

// LayerRequest asks for a layer made of an archive that was sent before as a blob. Where the blob is neither
// here nor known to have become a layer that still is, the answer is the problem "blob_missing".
type LayerRequest struct {
	Owner      string `json:"owner"`
	ContentKey string `json:"contentKey"`
	// Blob is the digest of the archive's bytes: tar, plain or compressed with gzip or zstd.
	Blob string `json:"blob"`
}

// LayerAnswer describes a layer. Digest is the digest of the uncompressed archive (the diff id of the OCI image
// specification). Intact is false where the layer's tree is missing or unfinished.
type LayerAnswer struct {
	Identity
	ContentKey string `json:"contentKey"`
	Digest     string `json:"digest"`
	SizeBytes  int64  `json:"sizeBytes"`
	Intact     bool   `json:"intact"`
}
