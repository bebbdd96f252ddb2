package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// content makes a made-up layer or image.
func content(t *testing.T, s *Store, kind Kind, n int, pins Pins) {
	t.Helper()
	dir, _ := s.contentDir(kind, digest(n))
	built, err := s.Build()
	check(t, err)
	check(t, s.WriteRecord(filepath.Join(built.Path, RecordName), pins))
	check(t, built.Commit(dir, true))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// TestContentStaysWhileAnythingRefersToIt takes the references to a layer away one after the other.
func TestContentStaysWhileAnythingRefersToIt(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	pins := Pins{ImageID: digest(9), Layers: []string{digest(1)}}
	content(t, s, Layers, 1, Pins{})
	content(t, s, Images, 9, pins)
	claimed(t, s, 1, "o/layer")
	container, err := s.Enter(t.Context(), Containers, incarnation(5), "o/container")
	check(t, err)
	check(t, container.MakeDir())
	built, err := s.Build()
	check(t, err)
	check(t, s.WriteRecord(filepath.Join(built.Path, RecordName), map[string]any{"imageId": pins.ImageID, "layers": pins.Layers, "more": 1}))
	check(t, built.Commit(s.ContainerDir(container.ID, incarnation(5)), true))

	_, err = s.EndClaim(t.Context(), Layers, incarnation(1))
	check(t, err)
	check(t, s.Collect(t.Context(), pins))
	check(t, s.Sweep(t.Context(), 0))
	if !exists(s.ImageDir(digest(9))) || !exists(s.LayerDir(digest(1))) {
		t.Fatal("removed what the container's record refers to")
	}
	check(t, s.DiscardLater(s.ContainerDir(container.ID, incarnation(5))))
	container.Release()
	lease, err := s.LockShared(t.Context(), ImageLock(digest(9)))
	check(t, err)
	check(t, s.Sweep(t.Context(), 0))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if err := s.Collect(ctx, pins); !errors.Is(err, context.DeadlineExceeded) || !exists(s.LayerDir(digest(1))) {
		t.Fatalf("removed what is leased: %v", err)
	}
	lease.Unlock()
	check(t, s.Collect(t.Context(), pins))
	s.removals.Wait()
	wantNothingLeft(t, s)
}

func TestNothingIsRemovedOnAGuess(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	content(t, s, Layers, 1, Pins{})
	broken := s.ContainerDir("aaaaaaaa", incarnation(1))
	check(t, makeFolder(broken))
	check(t, os.WriteFile(filepath.Join(broken, RecordName), []byte("{"), 0o600))
	for name, remove := range map[string]func() error{
		"Collect": func() error { return s.Collect(t.Context(), Pins{Layers: []string{digest(1)}}) },
		"Sweep":   func() error { return s.Sweep(t.Context(), 0) },
	} {
		if err := remove(); !errors.Is(err, ErrDamaged) || !exists(s.LayerDir(digest(1))) {
			t.Errorf("%s with a record that cannot be read: %v", name, err)
		}
	}
	for _, nothing := range []string{"", "sha256:", "sha256:..", "../../.."} {
		check(t, s.Collect(t.Context(), Pins{ImageID: nothing, Layers: []string{nothing}}))
	}
	if !exists(filepath.Join(s.root, "layers")) || !exists(filepath.Join(s.root, "images")) {
		t.Error("a digest that is none removed a whole folder")
	}
}

// TestSweepFindsWhatTheDeadLeft makes what each kind of crash leaves, and the same of the living.
func TestSweepFindsWhatTheDeadLeft(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	dead, alive := opened(t, s.root, s.run), opened(t, s.root, s.run)
	halves := func(s *Store) []string {
		built, err := s.Build()
		check(t, err)
		check(t, os.WriteFile(filepath.Join(built.Path, "half"), nil, 0o600))
		blob, err := s.NewBlob()
		check(t, err)
		note := filepath.Join(s.run, "building", s.temporary())
		check(t, os.WriteFile(note, nil, 0o600))
		trashed := filepath.Join(s.root, "trash", s.temporary())
		check(t, os.Mkdir(trashed, 0o700))
		return []string{built.Path, blob.Name(), note, trashed}
	}
	ofTheDead, ofTheLiving := halves(dead), halves(alive)
	received, err := alive.NewBlob()
	check(t, err)
	check(t, received.Keep(digest(4)))
	abandoned, err := dead.NewBlob()
	check(t, err)
	check(t, abandoned.Keep(digest(5)))
	check(t, dead.addLabel(Containers, label{"aaaaaaaa", "o/a"}))
	check(t, makeFolder(filepath.Join(s.slotsDir(Layers), "bbbbbbbb")))
	content(t, s, Layers, 1, Pins{})
	content(t, s, Images, 2, Pins{Layers: []string{digest(1)}})
	check(t, dead.Close())

	check(t, s.Sweep(t.Context(), time.Hour))
	if !exists(s.BlobPath(digest(5))) {
		t.Error("an archive went that its sender may come back for")
	}
	check(t, s.Sweep(t.Context(), 0))
	for _, path := range ofTheDead {
		if exists(path) {
			t.Errorf("%s of a dead process is still there", path)
		}
	}
	for _, path := range append(ofTheLiving, s.BlobPath(digest(4))) {
		if !exists(path) {
			t.Errorf("%s of a living process was removed", path)
		}
	}
	check(t, alive.Close())
	check(t, s.Sweep(t.Context(), 0))
	wantNothingLeft(t, s)
}

// TestAPartStaysWhileSomebodyIsAtWorkOnIt is about archives that come from a registry.
func TestAPartStaysWhileSomebodyIsAtWorkOnIt(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	file, err := s.OpenPart(digest(1))
	check(t, err)
	file.Close()
	working, err := s.Lock(t.Context(), BlobLock(digest(1)))
	check(t, err)
	check(t, s.Sweep(t.Context(), 0))
	check(t, s.RemovePart(digest(1)))
	if !exists(s.BlobPath(digest(1)) + partSuffix) {
		t.Fatal("removed what somebody is at work on")
	}
	working.Unlock()
	check(t, s.Sweep(t.Context(), time.Hour))
	if !exists(s.BlobPath(digest(1)) + partSuffix) {
		t.Fatal("removed what the next try goes on with")
	}
	check(t, s.Sweep(t.Context(), 0))
	if exists(s.BlobPath(digest(1)) + partSuffix) {
		t.Error("left what nobody comes back for")
	}
}
