package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Sweep removes what no claim owns: what crashes left half made or half removed, slots with nothing in them, images
// and layers nothing refers to, and archives that never became a layer, were sent longer ago than blobAge, and whose
// receiver is gone. It leaves alone whatever another process or request is busy with, so it may run at any time.
func (s *Store) Sweep(ctx context.Context, blobAge time.Duration) error {
	return errors.Join(
		s.sweepTemporary(ctx),
		s.sweepSlots(ctx),
		s.sweepBlobs(ctx, blobAge),
		s.sweepContent(ctx, Images),
		s.sweepContent(ctx, Layers),
	)
}

func (s *Store) sweepSlots(ctx context.Context) error {
	for _, kind := range kinds {
		labels, err := names(s.labelsDir(kind))
		if err != nil {
			return err
		}
		slots, err := names(s.slotsDir(kind))
		if err != nil {
			return err
		}
		for _, name := range append(slots, labels...) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			id, _, _ := strings.Cut(name, ".")
			if checkName(id) != nil {
				continue
			}
			lock, err := s.TryLock(SlotLock(kind, id))
			if err != nil {
				return err
			}
			if lock != nil {
				(&Slot{Kind: kind, ID: id, store: s, lock: lock}).Release()
			}
		}
	}
	return nil
}

func (s *Store) sweepBlobs(ctx context.Context, age time.Duration) error {
	folder := filepath.Join(s.root, "blobs")
	found, err := names(folder)
	if err != nil {
		return err
	}
	for _, name := range found {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		path := filepath.Join(folder, name)
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && time.Since(info.ModTime()) < age {
			continue
		}
		if err != nil {
			return fmt.Errorf("look at an archive: %w", err)
		}
		if err := s.unlessLocked([]string{uploadLock(name), BlobLock(name)}, func() error { return s.Discard(path) }); err != nil {
			return err
		}
	}
	return nil
}

// unlessLocked acts with all the locks, or does nothing if somebody has one of them.
func (s *Store) unlessLocked(names []string, act func() error) error {
	for _, name := range names {
		lock, err := s.TryLock(name)
		if err != nil || lock == nil {
			return err
		}
		defer lock.Unlock()
	}
	return act()
}

func (s *Store) sweepContent(ctx context.Context, kind Kind) error {
	found, err := s.digests(kind)
	if err != nil {
		return err
	}
	refer, err := s.references(kind)
	if err != nil {
		return err
	}
	for _, digest := range found {
		if refer[digest] {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		dir, name := s.contentDir(kind, digest)
		err := s.unlessLocked([]string{name}, func() error {
			trashed, err := s.throwAway(kind, digest, dir)
			if err != nil || trashed == "" {
				return err
			}
			return removeAll(trashed)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
