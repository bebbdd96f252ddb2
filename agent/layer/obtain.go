package layer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// Obtain finds or makes the layer of an archive and answers it with a lock that keeps it on the host. Where neither is
// here, bring is to put the archive in its place; nobody else does so meanwhile. The archive stays. What is unpacked
// is taken from the budget.
func Obtain(ctx context.Context, s *store.Store, blob string, budget *Budget, bring func() error) (Record, *store.Lock, error) {
	record, lease, err := reuse(ctx, s, blob)
	if err != nil || lease != nil {
		return record, lease, err
	}
	unpacking, err := s.Lock(ctx, store.BlobLock(blob))
	if err != nil {
		return record, nil, err
	}
	defer unpacking.Unlock()
	// Whoever had the lock may have unpacked it.
	if record, lease, err = reuse(ctx, s, blob); err != nil || lease != nil {
		return record, lease, err
	}
	archive, err := os.Open(s.BlobPath(blob))
	if errors.Is(err, fs.ErrNotExist) {
		if err = bring(); err != nil {
			return record, nil, err
		}
		archive, err = os.Open(s.BlobPath(blob))
	}
	if err != nil {
		return record, nil, fmt.Errorf("open the archive: %w", err)
	}
	defer archive.Close()
	record, lease, err = importBlob(ctx, s, archive, blob, budget)
	if errors.Is(err, errBlobChanged) {
		return record, nil, errors.Join(s.RemoveBlob(blob), blobMissing(blob))
	}
	return record, lease, err
}

// reuse finds the layer an archive became before; no lease means that there is none, or a damaged one.
func reuse(ctx context.Context, s *store.Store, blob string) (Record, *store.Lock, error) {
	digest, err := s.LayerOfBlob(blob)
	if err != nil || digest == "" {
		return Record{}, nil, err
	}
	lease, err := s.LockShared(ctx, store.LayerLock(digest))
	if err != nil {
		return Record{}, nil, err
	}
	record, intact, err := isIntact(s, digest)
	if err != nil || !intact {
		lease.Unlock()
		return record, nil, err
	}
	return record, lease, nil
}

// importBlob unpacks an archive and puts the layer in its place.
func importBlob(ctx context.Context, s *store.Store, archive io.Reader, blob string, budget *Budget) (Record, *store.Lock, error) {
	built, err := s.Build()
	if err != nil {
		return Record{}, nil, api.Failed(api.CodeInternal, "unpack", blob, err, "")
	}
	defer built.Abandon()
	layer, err := unpackBlob(ctx, filepath.Join(built.Path, "fs"), archive, blob, budget)
	if err == nil {
		err = finish(s, built.Path, blob, layer)
	}
	if err != nil {
		return Record{}, nil, api.Failed(api.CodeInternal, "unpack", blob, err, "")
	}
	lease, err := s.Lock(ctx, store.LayerLock(layer.diffID))
	if err != nil {
		return Record{}, nil, err
	}
	record, err := settle(s, built, blob, layer.diffID)
	if err != nil {
		lease.Unlock()
		return record, nil, err
	}
	return record, lease, nil
}

// settle puts a layer in its place, unless a whole one is there. It needs the exclusive lock on the layer.
func settle(s *store.Store, built *store.Building, blob, digest string) (Record, error) {
	record, intact, err := isIntact(s, digest)
	if err != nil {
		return record, err
	}
	if intact {
		return record, store.MarkBlob(s.LayerDir(digest), blob)
	}
	if err := built.Replace(s.LayerDir(digest)); err != nil {
		return record, err
	}
	return Read(s, digest)
}

// unpackBlob unpacks an archive, which was received as blob, into a new folder.
func unpackBlob(ctx context.Context, folder string, archive io.Reader, blob string, budget *Budget) (unpacked, error) {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return unpacked{}, fmt.Errorf("make the layer's root: %w", err)
	}
	// The process's umask may have taken bits away.
	if err := os.Chmod(folder, 0o755); err != nil {
		return unpacked{}, fmt.Errorf("make the layer's root: %w", err)
	}
	hash := sha256.New()
	raw := io.TeeReader(archive, hash)
	layer, failure := unpack(ctx, folder, raw, budget)
	if ctx.Err() != nil {
		return layer, ctx.Err()
	}
	// A power cut may have taken bytes that were never synced: then it is not the archive that is to blame.
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return layer, fmt.Errorf("read the archive: %w", err)
	}
	if verify(blob, hash.Sum(nil)) != nil {
		return layer, errBlobChanged
	}
	return layer, failure
}
