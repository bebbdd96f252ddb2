package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Purge removes everything of ours from the host, the agents and the host id included. The store is of no use
// afterwards. The host id goes last, because a client that asks again after an interruption knows the host by it.
func (s *Store) Purge() error {
	s.removals.Wait()
	if err := removeFolder(s.root, "host-id"); err != nil {
		return err
	}
	if err := removeFolder(s.run, ""); err != nil {
		return err
	}
	return removeFolder(s.root, "")
}

// removeFolder removes what is in a folder but for one name, and the folder too where no name is given. A folder that
// somebody mounted there stays, empty.
func removeFolder(path, but string) error {
	all, err := names(path)
	if err != nil {
		return err
	}
	for _, name := range all {
		if name == but {
			continue
		}
		if err := os.RemoveAll(filepath.Join(path, name)); err != nil {
			return fmt.Errorf("remove what Slipway kept: %w", err)
		}
	}
	if but != "" {
		return nil
	}
	err = os.Remove(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("remove what Slipway kept: %w", err)
	}
	return nil
}
