package layer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/store"
)

const recordFormat = 1

// Record is what is kept of a layer beside its tree.
type Record struct {
	Format    int    `json:"format"`
	Digest    string `json:"digest"`
	SizeBytes int64  `json:"sizeBytes"`
	// Tree is a hash of the names in the tree and what the file system says of them (see sumOf).
	Tree string `json:"tree"`
	// Implied are the folders that the archive had no entry for, "." for the root: their owner and mode mean nothing. They
	// are bytes because names need not be UTF-8, as strings in JSON are.
	Implied [][]byte `json:"implied"`
}

// Read reads the record of a layer whose tree is there. The answer is fs.ErrNotExist where there is no such layer, and
// store.ErrDamaged where it is not whole. It does not look into the tree, because images are made of many.
func Read(s *store.Store, digest string) (Record, error) {
	var record Record
	if err := store.ReadRecord(filepath.Join(s.LayerDir(digest), store.RecordName), recordFormat, &record); err != nil {
		return record, err
	}
	_, err := os.Lstat(s.LayerTree(digest))
	if errors.Is(err, fs.ErrNotExist) {
		return record, fmt.Errorf("the tree of layer %s is not there: %w", digest, store.ErrDamaged)
	}
	return record, err
}

// isIntact tells a whole layer, to its last file, from one that is missing or damaged; anything else is an error.
func isIntact(s *store.Store, digest string) (Record, bool, error) {
	record, err := Read(s, digest)
	if err == nil {
		var sum string
		sum, err = sumOf(s.LayerTree(digest))
		if err == nil {
			return record, sum == record.Tree, nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrDamaged) {
		return record, false, nil
	}
	return record, false, err
}

// Looks are layers looked through before, by digest: many claims and images may be on one, and looking takes time.
type Looks map[string]struct {
	record Record
	intact bool
}

// At tells whether a layer is whole to its last file. The record is as much as could be read.
func (seen Looks) At(s *store.Store, digest string) (Record, bool, error) {
	look, looked := seen[digest]
	if !looked {
		var err error
		if look.record, look.intact, err = isIntact(s, digest); err != nil {
			return look.record, false, err
		}
		seen[digest] = look
	}
	return look.record, look.intact, nil
}

// sumOf hashes what lies in a tree: names, types, modes, owners, sizes and times, and not the bytes. Whoever changes those
// changes a size or a time, unless he wants to hide it; and 50,000 files take two tenths of a second.
func sumOf(tree string) (string, error) {
	hash := sha256.New()
	err := filepath.WalkDir(tree, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var stat unix.Stat_t
		if err := unix.Lstat(path, &stat); err != nil {
			return &fs.PathError{Op: "lstat", Path: path, Err: err}
		}
		size := stat.Size
		if stat.Mode&unix.S_IFMT == unix.S_IFDIR {
			size = 0 // what a folder takes depends on the file system
		}
		fmt.Fprintf(hash, "%s\x00%o %d:%d %d %d %d.%d\n", strings.TrimPrefix(path, tree),
			stat.Mode, stat.Uid, stat.Gid, stat.Rdev, size, stat.Mtim.Sec, stat.Mtim.Nsec)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("look through a layer: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// finish writes the record of an unpacked layer and makes all of it durable: a layer that is found after a power cut
// is a whole one.
func finish(s *store.Store, folder, blob string, layer unpacked) error {
	sum, err := sumOf(filepath.Join(folder, "fs"))
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
	record := Record{recordFormat, layer.diffID, layer.size, sum, layer.implied}
	return s.WriteRecord(filepath.Join(folder, store.RecordName), record)
}
