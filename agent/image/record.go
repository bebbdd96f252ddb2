package image

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/layer"
	"pulumi-slipway/agent/store"
)

const recordFormat = 1

const configName = "config.json"

// record is what is kept of an image beside its configuration. Its pins keep the layers on the host.
type record struct {
	Format int `json:"format"`
	store.Pins
	SizeBytes int64 `json:"sizeBytes"`
	// Folders tells that there is a tree of folders to go on top of the layers (see stack.folders).
	Folders bool `json:"folders"`
}

// trees are the lower directories for overlayfs, lowest first. It takes none twice, and the highest of several has all
// that those below it could show.
func (image record) trees(s *store.Store) []string {
	var trees []string
	for i, digest := range image.Layers {
		if !slices.Contains(image.Layers[i+1:], digest) {
			trees = append(trees, s.LayerTree(digest))
		}
	}
	if image.Folders {
		trees = append(trees, filepath.Join(s.ImageDir(image.ImageID), foldersName))
	}
	return trees
}

func idOf(configuration []byte) string {
	sum := sha256.Sum256(configuration)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// read reads an image's record and configuration. The answer is fs.ErrNotExist where there is none, and
// store.ErrDamaged where it is not whole. It takes the layers on trust, because every start of a container waits for it.
func read(s *store.Store, id string) (record, []byte, error) {
	var found record
	if err := store.ReadRecord(filepath.Join(s.ImageDir(id), store.RecordName), recordFormat, &found); err != nil {
		return found, nil, err
	}
	configuration, err := os.ReadFile(filepath.Join(s.ImageDir(id), configName))
	if errors.Is(err, fs.ErrNotExist) || err == nil && idOf(configuration) != id {
		return found, nil, fmt.Errorf("the configuration of image %s is not what it was: %w", id, store.ErrDamaged)
	}
	if err != nil {
		return found, nil, fmt.Errorf("read image %s: %w", id, err)
	}
	return found, configuration, nil
}

// isIntact tells an image that is whole, its layers included, from one that is missing or damaged; anything else is an
// error. Record and configuration are as much as could be read.
func isIntact(s *store.Store, id string) (record, []byte, bool, error) {
	found, configuration, err := read(s, id)
	if err == nil && found.Folders {
		_, err = os.Lstat(filepath.Join(s.ImageDir(id), foldersName))
	}
	for i := 0; err == nil && i < len(found.Layers); i++ {
		_, err = layer.Read(s, found.Layers[i])
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrDamaged) {
		return found, configuration, false, nil
	}
	return found, configuration, err == nil, err
}

// isWhole looks through the layers of an image as well, to their last file. That is for images that were pulled: others
// are made of Layers, which look after themselves.
func isWhole(s *store.Store, image record, seen layer.Looks) (bool, error) {
	for _, digest := range image.Layers {
		if _, intact, err := seen.At(s, digest); err != nil || !intact {
			return false, err
		}
	}
	return true, nil
}

// write makes an image on the disk, durably, unless a whole one is there. It needs the exclusive lock on the image and
// leases on its layers.
func write(s *store.Store, image record, configuration []byte) error {
	if _, _, intact, err := isIntact(s, image.ImageID); err != nil || intact {
		return err
	}
	built, err := s.Build()
	if err != nil {
		return err
	}
	defer built.Abandon()
	if image.Folders, err = writeFolders(s, image, built.Path); err != nil {
		return err
	}
	if err := s.WriteFile(filepath.Join(built.Path, configName), configuration, true); err != nil {
		return err
	}
	if err := s.WriteRecord(filepath.Join(built.Path, store.RecordName), image); err != nil {
		return err
	}
	return built.Replace(s.ImageDir(image.ImageID))
}

// writeFolders makes the image's tree of folders, synced, if it needs one.
func writeFolders(s *store.Store, image record, place string) (bool, error) {
	layers, err := openStack(s, image.Layers)
	if err != nil {
		return false, err
	}
	defer layers.close()
	needed, err := layers.folders()
	if err != nil || len(needed) == 0 {
		return false, err
	}
	root := filepath.Join(place, foldersName)
	if err := makeFolders(root, needed); err != nil {
		return false, err
	}
	opened, err := os.Open(root)
	if err != nil {
		return false, fmt.Errorf("sync the image's folders: %w", err)
	}
	defer opened.Close()
	if err := unix.Syncfs(int(opened.Fd())); err != nil {
		return false, fmt.Errorf("sync the image's folders: %w", os.NewSyscallError("syncfs", err))
	}
	return true, nil
}
