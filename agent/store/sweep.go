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
// and layers nothing refers to, and archives that never became a layer and whose receiver is gone. Archives and layers go
// only once they are older than age, because a pull that was cut off takes them up again. It leaves alone whatever another process or request is busy with, so it may run at any time.
func (s *Store) Sweep(ctx context.Context, age time.Duration) error {
	return errors.Join(
		s.sweepTemporary(ctx),
		s.sweepSlots(ctx),
		s.sweepBlobs(ctx, age),
		s.sweepContent(ctx, Images, 0),
		s.sweepContent(ctx, Layers, age),
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
		keep, err := younger(path, age)
		if err != nil {
			return err
		}
		if keep {
			continue
		}
		blob := strings.TrimSuffix(name, partSuffix)
		if err := s.unlessLocked([]string{uploadLock(blob), BlobLock(blob)}, func() error { return s.Discard(path) }); err != nil {
			return err
		}
	}
	return nil
}

// younger tells whether something was made or changed less than age ago; what is not there counts as such.
func younger(path string, age time.Duration) (bool, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at how old something is: %w", err)
	}
	return time.Since(info.ModTime()) < age, nil
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

func (s *Store) sweepContent(ctx context.Context, kind Kind, age time.Duration) error {
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
		keep, err := younger(dir, age)
		if err != nil {
			return err
		}
		if keep {
			continue
		}
		err = s.unlessLocked([]string{name}, func() error {
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
