package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Discard removes a file or folder below the root. It is renamed to trash/ first, so that a crash halfway leaves
// nothing that looks whole. One that is not there is no error.
func (s *Store) Discard(path string) error {
	trashed, err := s.trash(path)
	if err != nil {
		return err
	}
	return removeAll(trashed)
}

// DiscardLater renames at once and removes in the background; Close waits for it. It is for the hot path: what
// was discarded is still on the disk for a moment after the answer.
func (s *Store) DiscardLater(path string) error {
	trashed, err := s.trash(path)
	if err != nil {
		return err
	}
	s.removals.Go(func() {
		// What cannot be removed now is left to Sweep.
		_ = removeAll(trashed)
	})
	return nil
}

func (s *Store) trash(path string) (string, error) {
	trashed := filepath.Join(s.root, "trash", s.temporary())
	if err := os.Rename(path, trashed); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("throw away: %w", err)
	}
	return trashed, nil
}

func removeAll(path string) error {
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("remove what was thrown away: %w", err)
	}
	return nil
}

// sweepTemporary removes what dead processes left in building/ and trash/.
func (s *Store) sweepTemporary(ctx context.Context) error {
	for _, folder := range []string{
		filepath.Join(s.root, "building"), filepath.Join(s.root, "trash"), filepath.Join(s.run, "building"),
	} {
		found, err := names(folder)
		if err != nil {
			return err
		}
		for _, name := range found {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			process, _, _ := strings.Cut(name, "-")
			life, err := s.TryLock(lifeOf(process))
			if err != nil {
				return err
			}
			if life == nil {
				continue
			}
			err = removeAll(filepath.Join(folder, name))
			life.Unlock()
			if err != nil {
				return err
			}
		}
	}
	return nil
}
