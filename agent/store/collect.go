package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Collect removes the image and then the layers if nothing refers to them any more: no claim, no record of an image or
// a container, no lease. Call it after what referred to them is gone, holding no lease. There is no cache: content
// without a reference goes at once.
func (s *Store) Collect(ctx context.Context, pins Pins) error {
	layers := pins.Layers
	if pins.ImageID != "" {
		// The image knows its layers best; a record of a container may have been the only other one to know them.
		of, err := readPins(filepath.Join(s.ImageDir(pins.ImageID), RecordName))
		if err != nil && !errors.Is(err, ErrDamaged) {
			return err
		}
		layers = append(slices.Clone(layers), of.Layers...)
		if err := s.collect(ctx, Images, pins.ImageID); err != nil {
			return err
		}
	}
	slices.Sort(layers)
	for _, layer := range slices.Compact(layers) {
		if err := s.collect(ctx, Layers, layer); err != nil {
			return err
		}
	}
	return nil
}

// contentDir and contentLock are where the content of a kind lies and what keeps it there.
func (s *Store) contentDir(kind Kind, digest string) (dir, lock string) {
	if kind == Images {
		return s.ImageDir(digest), ImageLock(digest)
	}
	return s.LayerDir(digest), LayerLock(digest)
}

func (s *Store) collect(ctx context.Context, kind Kind, digest string) error {
	if !digestForm.MatchString(digest) {
		return nil
	}
	dir, name := s.contentDir(kind, digest)
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	// Most content is still referred to; finding that out needs no lock.
	if used, err := s.used(kind, digest); err != nil || used {
		return err
	}
	lock, err := s.Lock(ctx, name)
	if err != nil {
		return err
	}
	trashed, err := s.throwAway(kind, digest, dir)
	// Whoever makes the same content anew need not wait until all of it is removed.
	lock.Unlock()
	if err != nil || trashed == "" {
		return err
	}
	return removeAll(trashed)
}

// throwAway renames content to trash/ if nothing refers to it, and answers where it is there. It needs the exclusive
// lock on the content.
func (s *Store) throwAway(kind Kind, digest, dir string) (string, error) {
	if used, err := s.used(kind, digest); err != nil || used {
		return "", err
	}
	return s.trash(dir)
}

// used looks for a claim or a record that refers to content.
func (s *Store) used(kind Kind, digest string) (bool, error) {
	refer, err := s.references(kind)
	return refer[digest], err
}

// digests lists the content of a kind that is on the disk.
func (s *Store) digests(kind Kind) ([]string, error) {
	found, err := names(filepath.Join(s.root, string(kind)))
	for i := range found {
		found[i] = digestPrefix + found[i]
	}
	return found, err
}
