package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// A label says which owner has a slot: the symbolic link slots/<kind>/<slot>.<hash of the owner> points at the owner.
// The name answers both questions with one reading of the folder, and making a link is one atomic system call whose
// content cannot be lost apart from its name. A slot has two labels for the moment in which it gets another owner; a
// crash at that moment is repaired by asking again.
type label struct{ slot, owner string }

func (s *Store) labelPath(kind Kind, l label) string {
	return filepath.Join(s.labelsDir(kind), l.slot+"."+hashOf(l.owner))
}

func hashOf(owner string) string {
	sum := sha256.Sum256([]byte(owner))
	return hex.EncodeToString(sum[:16])
}

// Owner is the owner of a slot, "" where the slot has none.
func (s *Store) Owner(kind Kind, slot string) (string, error) {
	found, err := s.labelsOf(kind, slot)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].owner, nil
}

// Owners are the owners of all slots of a kind, by slot.
func (s *Store) Owners(kind Kind) (map[string]string, error) {
	all, err := s.labels(kind, func(_, _ string) bool { return true })
	owners := make(map[string]string, len(all))
	for _, l := range all {
		if _, known := owners[l.slot]; !known {
			owners[l.slot] = l.owner
		}
	}
	return owners, err
}

func (s *Store) labelsOf(kind Kind, slot string) ([]label, error) {
	return s.labels(kind, func(of, _ string) bool { return of == slot })
}

// SlotOf is the slot of an owner, "" where the owner has none.
func (s *Store) SlotOf(kind Kind, owner string) (string, error) {
	slot, _, err := s.slotOf(kind, owner)
	return slot, err
}

// slotOf prefers a slot that is the owner's alone to one that is on its way from or to another owner.
func (s *Store) slotOf(kind Kind, owner string) (slot string, alone bool, err error) {
	all, err := names(s.labelsDir(kind))
	if err != nil {
		return "", false, err
	}
	suffix := "." + hashOf(owner)
	for _, name := range all {
		found, ours := strings.CutSuffix(name, suffix)
		if !ours {
			continue
		}
		slot = found
		others := slices.ContainsFunc(all, func(other string) bool {
			return other != name && strings.HasPrefix(other, slot+".")
		})
		if !others {
			return slot, true, nil
		}
	}
	return slot, false, nil
}

// labels lists the labels whose slot and hash are wanted, in the order of their names.
func (s *Store) labels(kind Kind, wanted func(slot, hash string) bool) ([]label, error) {
	folder := s.labelsDir(kind)
	all, err := names(folder)
	if err != nil {
		return nil, err
	}
	slices.Sort(all)
	var found []label
	for _, name := range all {
		slot, hash, ok := strings.Cut(name, ".")
		if !ok || !wanted(slot, hash) {
			continue
		}
		owner, err := os.Readlink(filepath.Join(folder, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the owner of a slot: %w", err)
		}
		found = append(found, label{slot, owner})
	}
	return found, nil
}

func (s *Store) addLabel(kind Kind, l label) error {
	err := os.Symlink(l.owner, s.labelPath(kind, l))
	switch {
	case err == nil, errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, unix.ENAMETOOLONG):
		return api.Failed(api.CodeInvalid, "symlink", fmt.Sprintf("%.80q (%d bytes)", l.owner, len(l.owner)), err,
			"the owner is longer than the host's file system keeps; shorten the names in its URN")
	default:
		return fmt.Errorf("give a slot its owner: %w", err)
	}
}

func (s *Store) removeLabel(kind Kind, l label) error {
	if err := os.Remove(s.labelPath(kind, l)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("take a slot from its owner: %w", err)
	}
	return nil
}

// mint finds the owner's slot or makes one up, which it answers with its lock. It makes one up as well where another
// owner has a label on the slot, a leftover of a crash: whoever is new in the slot would end what is the other's.
func (s *Store) mint(ctx context.Context, kind Kind, owner string) (string, *Lock, error) {
	labels, err := s.Lock(ctx, "labels/"+string(kind))
	if err != nil {
		return "", nil, err
	}
	defer labels.Unlock()
	slot, alone, err := s.slotOf(kind, owner)
	if err != nil || alone {
		return slot, nil, err
	}
	slot = nonce(8)
	// Nobody knows the slot yet, so nobody has its lock.
	lock, err := s.Lock(ctx, SlotLock(kind, slot))
	if err != nil {
		return "", nil, err
	}
	if err := s.addLabel(kind, label{slot, owner}); err != nil {
		lock.Unlock()
		return "", nil, err
	}
	return slot, lock, nil
}

// relabel gives a slot another owner. A slot that this owner had before gets the old owner in exchange, so that two
// resources that change their names for each other's lose nothing: each asks for its own incarnation, one after
// the other. The displaced slot comes first: a crash in between leaves the wanted owner without a slot rather than
// with two, and asking again finishes it.
func (s *Store) relabel(ctx context.Context, kind Kind, slot, owner string) error {
	lock, err := s.Lock(ctx, "labels/"+string(kind))
	if err != nil {
		return err
	}
	defer lock.Unlock()
	hash := hashOf(owner)
	before, err := s.labelsOf(kind, slot)
	if err != nil {
		return err
	}
	before = slices.DeleteFunc(before, func(l label) bool { return l.owner == owner })
	displaced, err := s.labels(kind, func(of, has string) bool { return has == hash && of != slot })
	if err != nil {
		return err
	}
	var change labelChange
	for _, other := range displaced {
		for _, old := range before {
			change.add = append(change.add, label{other.slot, old.owner})
		}
		change.remove = append(change.remove, other)
	}
	if err := s.apply(kind, change); err != nil {
		return err
	}
	return s.apply(kind, labelChange{add: []label{{slot, owner}}, remove: before})
}

// labelChange adds labels before it removes others, so that no slot is ever without an owner.
type labelChange struct{ add, remove []label }

func (s *Store) apply(kind Kind, change labelChange) error {
	for _, l := range change.add {
		if err := s.addLabel(kind, l); err != nil {
			return err
		}
	}
	for _, l := range change.remove {
		if err := s.removeLabel(kind, l); err != nil {
			return err
		}
	}
	if len(change.add)+len(change.remove) == 0 {
		return nil
	}
	return syncFolder(s.labelsDir(kind))
}
