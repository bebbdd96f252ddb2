package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pulumi-slipway/agent/api"
)

const claimFormat = 1

// Claim is one owner's hold on content, or on the host: the record of an incarnation of kind hosts, layers or images.
type Claim struct {
	Format      int    `json:"format"`
	Slot        string `json:"slot"`
	Incarnation string `json:"incarnation"`
	// ContentKey is what references name the content by, "" for a host.
	ContentKey string `json:"contentKey,omitempty"`
	// Content is the digest of the layer, the id of the image or the path of the control group, "" for a host.
	Content string `json:"content,omitempty"`
	// Settings are what else the resource has to know of it: those of a control group, where an image was pulled from.
	Settings json.RawMessage `json:"settings,omitempty"`
}

// PutClaim writes a claim durably and then removes every other claim in the slot, because the new one takes the slot
// over. It answers the claims there were on other content, which may now be left without one (see Collect).
func (slot *Slot) PutClaim(incarnation, contentKey, content string) (Claim, []Claim, error) {
	return slot.PutClaimWith(incarnation, contentKey, content, nil)
}

// PutClaimWith is PutClaim for what has settings.
func (slot *Slot) PutClaimWith(incarnation, contentKey, content string, settings json.RawMessage) (Claim, []Claim, error) {
	claim := Claim{claimFormat, slot.ID, incarnation, contentKey, content, settings}
	if err := checkName(incarnation); err != nil {
		return claim, nil, err
	}
	if err := slot.MakeDir(); err != nil {
		return claim, nil, err
	}
	if err := slot.Sync(); err != nil {
		return claim, nil, err
	}
	known, err := slot.Incarnations()
	if err != nil {
		return claim, nil, err
	}
	var before []Claim
	for _, other := range known {
		// One that cannot be read is taken over all the same; its content is left to Sweep.
		if old, err := slot.Claim(other); err == nil && old.Content != content {
			before = append(before, old)
		}
	}
	if err := slot.store.WriteRecord(slot.claimPath(incarnation), claim); err != nil {
		return claim, nil, err
	}
	for _, other := range known {
		if other != incarnation {
			if err := slot.RemoveClaim(other); err != nil {
				return claim, before, err
			}
		}
	}
	return claim, before, nil
}

// NoteClaim writes a claim that is there with other settings. A crash of the machine may lose them, as it loses the group
// they are about.
func (slot *Slot) NoteClaim(claim Claim) error {
	return slot.store.NoteRecord(slot.claimPath(claim.Incarnation), claim)
}

// RemoveClaim removes a claim durably; one that is not there is no error.
func (slot *Slot) RemoveClaim(incarnation string) error {
	err := os.Remove(slot.claimPath(incarnation))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove a claim: %w", err)
	}
	return syncFolder(slot.Dir())
}

// EndClaim removes a claim and answers what it was, so that its content can be collected. The zero Claim and no error
// are the answer where there is none, or none that can be read.
func (s *Store) EndClaim(ctx context.Context, kind Kind, incarnation string) (Claim, error) {
	slot, err := s.Hold(ctx, kind, incarnation)
	if errors.Is(err, fs.ErrNotExist) {
		return Claim{}, nil
	}
	if err != nil {
		return Claim{}, err
	}
	defer slot.Release()
	claim, err := slot.Claim(incarnation)
	if err != nil && !errors.Is(err, ErrDamaged) {
		return Claim{}, err
	}
	return claim, slot.RemoveClaim(incarnation)
}

// Claim reads a claim in the slot; fs.ErrNotExist where there is none.
func (slot *Slot) Claim(incarnation string) (Claim, error) {
	return readClaim(slot.claimPath(incarnation))
}

func (slot *Slot) claimPath(incarnation string) string {
	return filepath.Join(slot.Dir(), incarnation+claimSuffix)
}

// Claims lists the claims of a kind.
func (s *Store) Claims(kind Kind) ([]Claim, error) {
	return s.claims(kind, func(error) bool { return false })
}

// SoundClaims lists the claims of a kind whose records are not damaged.
func (s *Store) SoundClaims(kind Kind) ([]Claim, error) {
	return s.claims(kind, func(err error) bool { return errors.Is(err, ErrDamaged) })
}

func (s *Store) claims(kind Kind, leaveOut func(error) bool) ([]Claim, error) {
	slots, err := names(s.slotsDir(kind))
	if err != nil {
		return nil, err
	}
	var all []Claim
	for _, slot := range slots {
		found, err := s.ClaimsIn(kind, slot)
		if err != nil && !leaveOut(err) {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// ClaimsIn lists the claims in a slot; none where there is no such slot. What can be read is answered even where something
// cannot.
func (s *Store) ClaimsIn(kind Kind, slot string) ([]Claim, error) {
	folder := filepath.Join(s.slotsDir(kind), slot)
	files, err := names(folder)
	if err != nil {
		return nil, err
	}
	var found []Claim
	var failed error
	for _, file := range files {
		if !strings.HasSuffix(file, claimSuffix) {
			continue
		}
		claim, err := readClaim(filepath.Join(folder, file))
		switch {
		case err == nil:
			found = append(found, claim)
		case !errors.Is(err, fs.ErrNotExist) && failed == nil:
			failed = err
		}
	}
	return found, failed
}

// FindClaim finds a claim by incarnation; fs.ErrNotExist where there is none.
func (s *Store) FindClaim(kind Kind, incarnation string) (Claim, error) {
	slot, err := s.find(kind, incarnation)
	if err != nil {
		return Claim{}, err
	}
	return readClaim(filepath.Join(s.slotsDir(kind), slot, incarnation+claimSuffix))
}

// Referred finds the claim a reference means: one in the owner's slot that carries the content key. It fails with
// a problem that says what is missing.
func (s *Store) Referred(kind Kind, reference api.Reference) (Claim, error) {
	slot, err := s.SlotOf(kind, reference.Owner)
	if err != nil {
		return Claim{}, err
	}
	found := []Claim(nil)
	if slot != "" {
		if found, err = s.ClaimsIn(kind, slot); err != nil {
			return Claim{}, err
		}
	}
	for _, claim := range found {
		if claim.ContentKey == reference.ContentKey {
			return claim, nil
		}
	}
	why := "it has no " + kind.one() + " of this owner"
	if len(found) > 0 {
		why = fmt.Sprintf("the owner's %s there has the content key %s", kind.one(), found[0].ContentKey)
	}
	return Claim{}, &api.Problem{
		Code: api.CodeReferenceMissing, Step: "look for the " + kind.one(), Object: reference.Owner,
		Detail: fmt.Sprintf("the %s %s with content key %s is not on this host: %s; `pulumi up --refresh` makes what is missing anew",
			kind.one(), reference.Owner, reference.ContentKey, why),
	}
}

// Identity is what an answer about a claim begins with.
func (s *Store) Identity(kind Kind, claim Claim) (api.Identity, error) {
	owner, err := s.Owner(kind, claim.Slot)
	return api.Identity{Owner: owner, Slot: claim.Slot, Incarnation: claim.Incarnation}, err
}

func readClaim(path string) (Claim, error) {
	var claim Claim
	err := ReadRecord(path, claimFormat, &claim)
	return claim, err
}
