package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Slot is a held slot: nobody else changes what is in it until Release.
type Slot struct {
	Kind  Kind
	ID    string
	Owner string
	store *Store
	lock  *Lock
}

// Enter holds the slot a PUT is about: the one that has the incarnation, which gets the owner if it had another, else
// the owner's, made if there is none.
func (s *Store) Enter(ctx context.Context, kind Kind, incarnation, owner string) (*Slot, error) {
	slot, err := s.Hold(ctx, kind, incarnation)
	if errors.Is(err, fs.ErrNotExist) {
		return s.enterOwn(ctx, kind, owner)
	}
	if err != nil {
		return nil, err
	}
	if err := slot.belongTo(ctx, owner); err != nil {
		slot.Release()
		return nil, err
	}
	return slot, nil
}

func (s *Store) enterOwn(ctx context.Context, kind Kind, owner string) (*Slot, error) {
	for {
		id, lock, err := s.mint(ctx, kind, owner)
		if err != nil {
			return nil, err
		}
		if lock != nil {
			return &Slot{kind, id, owner, s, lock}, nil
		}
		if lock, err = s.Lock(ctx, SlotLock(kind, id)); err != nil {
			return nil, err
		}
		slot := &Slot{kind, id, owner, s, lock}
		still, err := s.SlotOf(kind, owner)
		if err == nil && still == id {
			return slot, nil
		}
		// While we waited for it, the slot became empty and was forgotten, or went to another owner.
		slot.Release()
		if err != nil {
			return nil, err
		}
	}
}

// belongTo makes the owner the slot's only one.
func (slot *Slot) belongTo(ctx context.Context, owner string) error {
	found, err := slot.store.labelsOf(slot.Kind, slot.ID)
	if err != nil {
		return err
	}
	if len(found) != 1 || found[0].owner != owner {
		err = slot.store.relabel(ctx, slot.Kind, slot.ID, owner)
	}
	slot.Owner = owner
	return err
}

// Hold holds the slot that has an incarnation; fs.ErrNotExist where there is none.
func (s *Store) Hold(ctx context.Context, kind Kind, incarnation string) (*Slot, error) {
	for {
		id, err := s.find(kind, incarnation)
		if err != nil {
			return nil, err
		}
		slot, err := s.holdSlot(ctx, kind, id)
		if err != nil {
			return nil, err
		}
		has, err := slot.Has(incarnation)
		if err == nil && has {
			return slot, nil
		}
		slot.Release()
		if err != nil {
			return nil, err
		}
	}
}

func (s *Store) holdSlot(ctx context.Context, kind Kind, id string) (*Slot, error) {
	lock, err := s.Lock(ctx, SlotLock(kind, id))
	if err != nil {
		return nil, err
	}
	owner, err := s.Owner(kind, id)
	if err != nil {
		lock.Unlock()
		return nil, err
	}
	return &Slot{Kind: kind, ID: id, Owner: owner, store: s, lock: lock}, nil
}

// SlotLock is the name of the lock on a slot.
func SlotLock(kind Kind, id string) string { return "slot/" + string(kind) + "/" + id }

// find is the slot that has an incarnation; fs.ErrNotExist where there is none.
func (s *Store) find(kind Kind, incarnation string) (string, error) {
	if err := checkName(incarnation); err != nil {
		return "", err
	}
	folder, err := os.Open(s.slotsDir(kind))
	if err != nil {
		return "", fmt.Errorf("look for %s %s: %w", kind.one(), incarnation, err)
	}
	defer folder.Close()
	slots, err := folder.Readdirnames(-1)
	if err != nil {
		return "", fmt.Errorf("look for %s %s: %w", kind.one(), incarnation, err)
	}
	entry := "/" + kind.entry(incarnation)
	for _, slot := range slots {
		// Every start of a container waits for this, so it is one short look for each slot.
		err := unix.Faccessat(int(folder.Fd()), slot+entry, unix.F_OK, unix.AT_SYMLINK_NOFOLLOW)
		if err == nil {
			return slot, nil
		}
		if err != unix.ENOENT && err != unix.ENOTDIR {
			return "", fmt.Errorf("look for %s %s: %w", kind.one(), incarnation, err)
		}
	}
	return "", &fs.PathError{Op: "look for " + kind.one(), Path: incarnation, Err: fs.ErrNotExist}
}

// Dir is the slot's folder; it exists where anything is in the slot, and for a kind with claims not before.
func (slot *Slot) Dir() string { return filepath.Join(slot.store.slotsDir(slot.Kind), slot.ID) }

// MakeDir makes the slot's folder.
func (slot *Slot) MakeDir() error { return makeFolder(slot.Dir()) }

// Incarnations lists what is in the slot, sorted.
func (slot *Slot) Incarnations() ([]string, error) {
	found, err := names(slot.Dir())
	for i := range found {
		found[i] = strings.TrimSuffix(found[i], claimSuffix)
	}
	slices.Sort(found)
	return found, err
}

// Has tells whether an incarnation is in the slot.
func (slot *Slot) Has(incarnation string) (bool, error) {
	_, err := os.Lstat(filepath.Join(slot.Dir(), slot.Kind.entry(incarnation)))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Sync makes the slot's owner durable. Making a slot does not do it, because a container need not wait for it: the
// record is to be durable before the answer, not before the start.
func (slot *Slot) Sync() error { return syncFolder(slot.store.labelsDir(slot.Kind)) }

// Release gives the slot back, and forgets it where nothing is in it. A slot that cannot be forgotten now is left to
// Sweep.
func (slot *Slot) Release() {
	defer slot.lock.Unlock()
	if err := os.Remove(slot.Dir()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return
	}
	_ = slot.store.forget(slot.Kind, slot.ID)
}

// forget removes the labels of an empty slot whose lock is held.
func (s *Store) forget(kind Kind, id string) error {
	lock, err := s.Lock(context.Background(), "labels/"+string(kind))
	if err != nil {
		return err
	}
	defer lock.Unlock()
	found, err := s.labelsOf(kind, id)
	if err != nil {
		return err
	}
	for _, l := range found {
		if err := s.removeLabel(kind, l); err != nil {
			return err
		}
	}
	return nil
}
