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

// PutBlob reads an archive to its end and keeps it, if its bytes are those the digest names, until its layer is asked
// for. It does so even where the host has the archive or its layer: those belong to others, who may remove them before
// this client asks. A failure leaves nothing on the host.
func PutBlob(ctx context.Context, s *store.Store, digest string, archive io.Reader) error {
	file, err := s.NewBlob()
	if err != nil {
		return api.Failed(api.CodeInternal, "receive archive", digest, err, "")
	}
	hash := sha256.New()
	_, err = io.CopyBuffer(struct{ io.Writer }{file}, io.TeeReader(archive, hash), make([]byte, copyBuffer))
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
