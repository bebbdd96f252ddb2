package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Building is a folder that nobody sees until Commit. It is on the file system of the root and carries the name of the
// process, so that Sweep finds it after a crash.
type Building struct {
	Path  string
	store *Store
}

// Build makes an empty folder (0700).
func (s *Store) Build() (*Building, error) {
	path := filepath.Join(s.root, "building", s.temporary())
	if err := os.Mkdir(path, 0o700); err != nil {
		return nil, fmt.Errorf("make a folder to build in: %w", err)
	}
	return &Building{path, s}, nil
}

// Commit renames the folder to its place, which must not exist or be an empty folder, and with durable syncs that the
// name is there. What is in the folder is not synced.
func (b *Building) Commit(place string, durable bool) error {
	if err := os.Rename(b.Path, place); err != nil {
		return fmt.Errorf("put what was built in its place: %w", err)
	}
	b.Path = ""
	if !durable {
		return nil
	}
	return syncFolder(filepath.Dir(place))
}

// Replace does the same durably where something damaged may be in the place. What is left of that stays in the folder as
// "damaged" and goes with it, because containers may run on it.
func (b *Building) Replace(place string) error {
	err := os.Rename(place, filepath.Join(b.Path, "damaged"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("put what is damaged aside: %w", err)
	}
	return b.Commit(place, true)
}

// Abandon removes the folder. After Commit it does nothing, so that it can be deferred.
func (b *Building) Abandon() {
	if b.Path != "" {
		// What cannot be removed now is left to Sweep.
		_ = b.store.Discard(b.Path)
		b.Path = ""
	}
}
