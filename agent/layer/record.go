package layer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/store"
)

const recordFormat = 1

// Record is what is kept of a layer beside its tree.
type Record struct {
	Format    int    `json:"format"`
	Digest    string `json:"digest"`
	SizeBytes int64  `json:"sizeBytes"`
	// Top is a hash of the names at the top of the tree; it tells a tree that lost something there.
	Top string `json:"top"`
	// Implied are the folders that the archive had no entry for, "." for the root: their owner and mode mean nothing.
	Implied []string `json:"implied"`
}

// Read reads the record of a layer and sees whether its tree is there. The answer is fs.ErrNotExist where there is no
// such layer, and store.ErrDamaged where it is not whole.
func Read(s *store.Store, digest string) (Record, error) {
	var record Record
	if err := store.ReadRecord(filepath.Join(s.LayerDir(digest), store.RecordName), recordFormat, &record); err != nil {
		return record, err
	}
	top, err := topOf(s.LayerTree(digest))
	if errors.Is(err, fs.ErrNotExist) || err == nil && top != record.Top {
		return record, fmt.Errorf("the tree of layer %s lacks something: %w", digest, store.ErrDamaged)
	}
	return record, err
}

// isIntact tells a whole layer from one that is missing or damaged; anything else is an error.
func isIntact(s *store.Store, digest string) (Record, bool, error) {
	record, err := Read(s, digest)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrDamaged) {
		return record, false, nil
	}
	return record, err == nil, err
}

// topOf hashes the names and types at the top of a tree, in the order of their names.
func topOf(tree string) (string, error) {
	entries, err := os.ReadDir(tree)
	if err != nil {
		return "", fmt.Errorf("list the top of a layer: %w", err)
	}
	hash := sha256.New()
	for _, entry := range entries {
		fmt.Fprintf(hash, "%s %s\x00", entry.Type(), entry.Name())
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// finish writes the record of an unpacked layer and makes all of it durable: a layer that is found after a power cut
// is a whole one.
func finish(s *store.Store, folder, blob string, layer unpacked) error {
	top, err := topOf(filepath.Join(folder, "fs"))
	if err != nil {
		return err
	}
	if err := store.MarkBlob(folder, blob); err != nil {
		return err
	}
	opened, err := os.Open(folder)
	if err != nil {
		return fmt.Errorf("sync a layer: %w", err)
	}
	defer opened.Close()
	if err := unix.Syncfs(int(opened.Fd())); err != nil {
		return fmt.Errorf("sync a layer: %w", os.NewSyscallError("syncfs", err))
	}
	record := Record{recordFormat, layer.diffID, layer.size, top, layer.implied}
	return s.WriteRecord(filepath.Join(folder, store.RecordName), record)
}
