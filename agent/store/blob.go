package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// BlobFile is an open file below building/ that becomes a blob.
type BlobFile struct {
	*os.File
	store *Store
}

// NewBlob opens a file to write an archive to. It is to be kept or abandoned.
func (s *Store) NewBlob() (*BlobFile, error) {
	file, err := os.OpenFile(filepath.Join(s.root, "building", s.temporary()), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make a file for an archive: %w", err)
	}
	return &BlobFile{file, s}, nil
}

// Keep gives the file its name as a blob. It is not synced: the bytes are verified again when they are unpacked, and
// then they go. Until then, or until this process ends, Sweep leaves it alone.
func (b *BlobFile) Keep(digest string) error {
	lock, err := b.store.LockShared(context.Background(), uploadLock(digest))
	if err != nil {
		b.Abandon()
		return fmt.Errorf("keep an archive: %w", err)
	}
	if err = b.Close(); err == nil {
		err = os.Rename(b.Name(), b.store.BlobPath(digest))
	}
	if err != nil {
		lock.Unlock()
		os.Remove(b.Name())
		return fmt.Errorf("keep an archive: %w", err)
	}
	if before, had := b.store.uploads.Swap(digest, lock); had {
		before.(*Lock).Unlock()
	}
	return nil
}

func uploadLock(digest string) string { return "upload/" + bare(digest) }

// Abandon closes and removes the file.
func (b *BlobFile) Abandon() {
	b.Close()
	os.Remove(b.Name())
}

// RemoveBlob removes an archive; one that is not there is no error. It stays where another process has received it
// too and may be about to ask for its layer.
func (s *Store) RemoveBlob(digest string) error {
	if lock, had := s.uploads.LoadAndDelete(digest); had {
		lock.(*Lock).Unlock()
	}
	return s.unlessLocked([]string{uploadLock(digest)}, func() error {
		if err := os.Remove(s.BlobPath(digest)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove an archive: %w", err)
		}
		return nil
	})
}

// partSuffix ends the name of an archive that is not here to its end.
const partSuffix = ".part"

// OpenPart opens what is here of an archive that comes from a registry, to go on where it was cut off. The caller has
// the exclusive lock on the blob, and ends with KeepPart or RemovePart, or leaves the file for the next one who asks.
func (s *Store) OpenPart(digest string) (*os.File, error) {
	file, err := os.OpenFile(s.BlobPath(digest)+partSuffix, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open a file for an archive: %w", err)
	}
	return file, nil
}

// KeepPart makes a blob of what is whole and verified by now.
func (s *Store) KeepPart(digest string) error {
	if err := os.Rename(s.BlobPath(digest)+partSuffix, s.BlobPath(digest)); err != nil {
		return fmt.Errorf("keep an archive: %w", err)
	}
	return nil
}

// RemovePart removes what is here of an archive; none is no error. Somebody else who has the lock on the blob is at work
// on it: then it stays.
func (s *Store) RemovePart(digest string) error {
	return s.unlessLocked([]string{BlobLock(digest)}, func() error {
		if err := os.Remove(s.BlobPath(digest) + partSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a part of an archive: %w", err)
		}
		return nil
	})
}

// LayerOfBlob is the layer that an archive once became, "" where none of the layers here did. Each layer has an empty
// file named after each such archive, so that what is known of them goes with the layer.
func (s *Store) LayerOfBlob(blob string) (string, error) {
	layers, err := s.digests(Layers)
	if err != nil {
		return "", err
	}
	for _, layer := range layers {
		_, err := os.Lstat(madeOf(s.LayerDir(layer), blob))
		if err == nil {
			return layer, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("look for the layer of an archive: %w", err)
		}
	}
	return "", nil
}

// MarkBlob notes in the folder of a layer which archive it is made of.
func MarkBlob(layerDir, blob string) error {
	if err := makeFolder(filepath.Join(layerDir, "blobs")); err != nil {
		return err
	}
	file, err := os.OpenFile(madeOf(layerDir, blob), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("note what a layer is made of: %w", err)
	}
	return file.Close()
}

func madeOf(layerDir, blob string) string { return filepath.Join(layerDir, "blobs", bare(blob)) }
