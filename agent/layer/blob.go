package layer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// PutBlob reads an archive to its end and keeps it, if its bytes are those the digest names. Where the host has it
// already, or the layer it became, the bytes are read and verified all the same, and not written. A failure leaves
// nothing on the host.
func PutBlob(ctx context.Context, s *store.Store, digest string, archive io.Reader) error {
	known, err := knownBlob(s, digest)
	if err != nil {
		return err
	}
	hash := sha256.New()
	archive = io.TeeReader(archive, hash)
	if known {
		if _, err := io.Copy(io.Discard, archive); err != nil {
			return fmt.Errorf("receive archive %s: %w", digest, err)
		}
		return verify(digest, hash.Sum(nil))
	}
	file, err := s.NewBlob()
	if err != nil {
		return api.Failed(api.CodeInternal, "receive archive", digest, err, "")
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{file}, archive, make([]byte, copyBuffer))
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		file.Abandon()
		return api.Failed(api.CodeInternal, "receive archive", digest, err, "")
	}
	if err := verify(digest, hash.Sum(nil)); err != nil {
		file.Abandon()
		return err
	}
	return file.Keep(digest)
}

func knownBlob(s *store.Store, digest string) (bool, error) {
	if has, err := s.HasBlob(digest); err != nil || has {
		return has, err
	}
	became, err := s.LayerOfBlob(digest)
	if err != nil || became == "" {
		return false, err
	}
	_, intact, err := isIntact(s, became)
	return intact, err
}

func verify(digest string, sum []byte) error {
	found := "sha256:" + hex.EncodeToString(sum)
	if found == digest {
		return nil
	}
	return &api.Problem{
		Code: api.CodeDigestMismatch, Step: "receive archive", Object: digest,
		Detail: fmt.Sprintf("the bytes received are not those of %s but of %s, so they were thrown away; "+
			"the file changed while it was sent, or the connection is not to be trusted", digest, found),
	}
}

// errBlobChanged means that the disk did not keep an archive as it was received.
var errBlobChanged = errors.New("the archive on the host is not what was received")

func blobMissing(digest string) error {
	return &api.Problem{
		Code: api.CodeBlobMissing, Step: "look for the archive", Object: digest,
		Detail: fmt.Sprintf("the archive %s is not on this host; it has to be sent before the layer is asked for", digest),
	}
}

// isMissing tells the problem of blobMissing from others.
func isMissing(err error) bool {
	problem := (*api.Problem)(nil)
	return errors.As(err, &problem) && problem.Code == api.CodeBlobMissing
}
