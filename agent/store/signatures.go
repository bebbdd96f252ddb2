package store

import (
	"context"

	"pulumi-slipway/agent/api"
)

const claimSuffix = ".json"

// Open makes or opens the store.
func Open(root, run string) (*Store, error) { panic("being written") }

// Close waits for removals in the background and gives up the process's name.
func (s *Store) Close() error { panic("being written") }

// Slot is a held slot: its lock is ours until Release.
type Slot struct {
	Kind  Kind
	ID    string
	Owner string
}

// Enter holds the slot for a PUT: the one that has the incarnation, relabelled if it belongs to another owner, else
// the owner's, minted if there is none.
func (s *Store) Enter(ctx context.Context, kind Kind, incarnation, owner string) (*Slot, error) {
	panic("being written")
}

// Hold holds the slot that has an incarnation, for a DELETE or anything else; fs.ErrNotExist where there is none.
func (s *Store) Hold(ctx context.Context, kind Kind, incarnation string) (*Slot, error) {
	panic("being written")
}

// Incarnations lists what is in the slot.
func (slot *Slot) Incarnations() ([]string, error) { panic("being written") }

// Has tells whether an incarnation is in the slot.
func (slot *Slot) Has(incarnation string) (bool, error) { panic("being written") }

// Sync makes the slot's owner durable; call it before the answer, off the hot path.
func (slot *Slot) Sync() error { panic("being written") }

// Release unlocks the slot, and forgets it where it is empty.
func (slot *Slot) Release() { panic("being written") }

// Claim is one owner's hold on content: a record of kind hosts, layers or images.
type Claim struct {
	Format      int    `json:"format"`
	Slot        string `json:"slot"`
	Incarnation string `json:"incarnation"`
	ContentKey  string `json:"contentKey,omitempty"`
	// Content is the digest of the layer or image, "" for a host.
	Content string `json:"content,omitempty"`
}

// PutClaim writes a claim, synced, and then removes every other claim in the slot; it answers the removed ones.
func (slot *Slot) PutClaim(claim Claim) ([]Claim, error) { panic("being written") }

// RemoveClaim removes a claim; one that is not there is no error.
func (slot *Slot) RemoveClaim(incarnation string) error { panic("being written") }

// Claims lists the claims of a kind.
func (s *Store) Claims(kind Kind) ([]Claim, error) { panic("being written") }

// FindClaim finds a claim by incarnation; fs.ErrNotExist where there is none.
func (s *Store) FindClaim(kind Kind, incarnation string) (Claim, error) { panic("being written") }

// Owner is the owner of a slot; "" where the slot has none.
func (s *Store) Owner(kind Kind, slot string) (string, error) { panic("being written") }

// Identity is what an answer about a claim begins with.
func (s *Store) Identity(kind Kind, claim Claim) (api.Identity, error) { panic("being written") }

// ContainerID names a container's folder.
type ContainerID struct{ Slot, Incarnation string }

// FindContainer finds the folder of a container by incarnation; fs.ErrNotExist where there is none.
func (s *Store) FindContainer(incarnation string) (ContainerID, error) { panic("being written") }

// ListContainers lists the folders of all containers.
func (s *Store) ListContainers() ([]ContainerID, error) { panic("being written") }

// Pins are the fields of a container's record (RecordName) that keep an image and its layers on the host.
type Pins struct {
	ImageID string   `json:"imageId"`
	Layers  []string `json:"layers"`
}

// Collect removes the image and the layers if nothing refers to them any more. Call it after a container's folder
// went, holding no lease.
func (s *Store) Collect(ctx context.Context, pins Pins) error { panic("being written") }

// Building is a folder that nobody sees until Commit; a crash leaves it to Sweep.
type Building struct{ Path string }

// Build makes an empty folder (0700) on the file system of the root.
func (s *Store) Build() (*Building, error) { panic("being written") }

// Commit renames the folder to its place, which must not exist, and syncs the parent if asked.
func (b *Building) Commit(place string, sync bool) error { panic("being written") }

// Abandon removes the folder; after Commit it does nothing.
func (b *Building) Abandon() { panic("being written") }

// Discard renames a file or folder below the root to trash/ and removes it there.
func (s *Store) Discard(path string) error { panic("being written") }

// DiscardLater renames at once and removes in the background; Close waits for it.
func (s *Store) DiscardLater(path string) error { panic("being written") }

// WriteRecord writes JSON below the root or the run folder atomically and durably.
func (s *Store) WriteRecord(path string, record any) error { panic("being written") }

// NoteRecord writes JSON atomically; a crash of the machine may lose it, one of the process does not.
func (s *Store) NoteRecord(path string, record any) error { panic("being written") }

// ReadRecord reads JSON strictly. The record's "format" must be at most the one given; a newer one is a problem.
func ReadRecord(path string, format int, into any) error { panic("being written") }

// Sweep removes what no claim owns. Blobs go when they are older than this many seconds.
func (s *Store) Sweep(ctx context.Context, blobAge int) error { panic("being written") }
