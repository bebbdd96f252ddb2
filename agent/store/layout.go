package store

import (
	"path/filepath"
	"strings"
)

// Kind is a kind of resource in the folder layout.
type Kind string

// The kinds of resources. Containers have folders, the others have claims.
const (
	Hosts      Kind = "hosts"
	Layers     Kind = "layers"
	Images     Kind = "images"
	Cgroups    Kind = "cgroups"
	Containers Kind = "containers"
)

// kinds are all there are.
var kinds = []Kind{Hosts, Layers, Images, Cgroups, Containers}

// one is the noun for one of a kind.
func (kind Kind) one() string { return strings.TrimSuffix(string(kind), "s") }

// RecordName is the file in the folder of a layer, an image or a container that says what it is. The one of a
// container has at least the fields of Pins.
const RecordName = "record.json"

// claimSuffix ends the file name of a claim.
const claimSuffix = ".json"

// folders are those that Open makes. The run folder's building/ is for records that do not survive a reboot.
func (s *Store) folders() []string {
	all := []string{
		filepath.Join(s.root, "layers"), filepath.Join(s.root, "images"), filepath.Join(s.root, "blobs"),
		filepath.Join(s.root, "building"), filepath.Join(s.root, "trash"), filepath.Join(s.run, "building"), s.statesDir(), s.halfMadeDir(),
	}
	for _, kind := range kinds {
		all = append(all, s.labelsDir(kind), s.slotsDir(kind))
	}
	return all
}

func (s *Store) locksPath() string          { return filepath.Join(s.run, "locks") }
func (s *Store) labelsDir(kind Kind) string { return filepath.Join(s.root, "slots", string(kind)) }

// slotsDir holds one folder for each slot of a kind.
func (s *Store) slotsDir(kind Kind) string {
	if kind == Containers {
		return filepath.Join(s.root, "containers")
	}
	return filepath.Join(s.root, "claims", string(kind))
}

// entry is what stands in the folder of a slot for an incarnation.
func (kind Kind) entry(incarnation string) string {
	if kind == Containers {
		return incarnation
	}
	return incarnation + claimSuffix
}

// ContainerDir is the folder of a container. Whoever makes it holds the slot; Build and Commit make it whole.
func (s *Store) ContainerDir(slot, incarnation string) string {
	return filepath.Join(s.slotsDir(Containers), slot, incarnation)
}

// LayerDir is the folder of a layer; digest is "sha256:…" of the uncompressed archive.
func (s *Store) LayerDir(digest string) string { return filepath.Join(s.root, "layers", bare(digest)) }

// LayerTree is the file tree of a layer, a lower directory for overlayfs.
func (s *Store) LayerTree(digest string) string { return filepath.Join(s.LayerDir(digest), "fs") }

// ImageDir is the folder of an image; id is "sha256:…" of its configuration.
func (s *Store) ImageDir(id string) string { return filepath.Join(s.root, "images", bare(id)) }

// BlobPath is where an archive lies until it has become a layer.
func (s *Store) BlobPath(digest string) string { return filepath.Join(s.root, "blobs", bare(digest)) }

// The locks on content, see the package comment.

// LayerLock is the name of the lock on a layer's content.
func LayerLock(digest string) string { return "layer/" + bare(digest) }

// ImageLock is the name of the lock on an image's content.
func ImageLock(id string) string { return "image/" + bare(id) }

// BlobLock is the name of the lock on an archive that is being unpacked.
func BlobLock(digest string) string { return "blob/" + bare(digest) }

const digestPrefix = "sha256:"

// bare is a digest without the name of its algorithm, as in file names.
func bare(digest string) string { return strings.TrimPrefix(digest, digestPrefix) }
