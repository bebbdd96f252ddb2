package layer

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// TestDamageIsSeenAndRepaired: read says that the layer is not intact, and the next PUT makes it anew. What is left of it
// stays for containers that run on it.
func TestDamageIsSeenAndRepaired(t *testing.T) {
	requireRoot(t)
	archive := pack(folder("bin"), file("bin/sh", "#!"), folder("etc"))
	for name, damage := range map[string]func(s *store.Store, digest string) error{
		"a folder is gone":  func(s *store.Store, d string) error { return os.RemoveAll(filepath.Join(s.LayerTree(d), "bin")) },
		"the tree is gone":  func(s *store.Store, d string) error { return os.RemoveAll(s.LayerTree(d)) },
		"the layer is gone": func(s *store.Store, d string) error { return os.RemoveAll(s.LayerDir(d)) },
		"the record is cut": func(s *store.Store, d string) error {
			return os.Truncate(filepath.Join(s.LayerDir(d), store.RecordName), 9)
		},
		"a folder is a file": func(s *store.Store, d string) error {
			return errors.Join(os.Remove(filepath.Join(s.LayerTree(d), "etc")), os.WriteFile(filepath.Join(s.LayerTree(d), "etc"), nil, 0o644))
		},
		"a file is gone": func(s *store.Store, d string) error { return os.Remove(filepath.Join(s.LayerTree(d), "bin/sh")) },
		"a file is another": func(s *store.Store, d string) error {
			return os.WriteFile(filepath.Join(s.LayerTree(d), "bin/sh"), []byte("!#"), 0o644)
		},
		"a mode is another":   func(s *store.Store, d string) error { return os.Chmod(filepath.Join(s.LayerTree(d), "bin/sh"), 0o755) },
		"an owner is another": func(s *store.Store, d string) error { return os.Chown(filepath.Join(s.LayerTree(d), "bin"), 1, 1) },
		"something was added": func(s *store.Store, d string) error { return os.Mkdir(filepath.Join(s.LayerTree(d), "new"), 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := opened(t, t.TempDir())
			layer := mustSend(t, s, 1, "a", archive, true)
			mounted, err := os.Open(s.LayerTree(layer.Digest))
			if err != nil {
				t.Fatal(err)
			}
			defer mounted.Close()
			if err := damage(s, layer.Digest); err != nil {
				t.Fatal(err)
			}
			left, _ := os.ReadDir(s.LayerTree(layer.Digest))
			if got, err := Get(t.Context(), s, incarnation(1)); err != nil || got.Intact || got.Digest != layer.Digest {
				t.Errorf("observed %+v %v", got, err)
			}
			mustSend(t, s, 1, "a", archive, true)
			if still, err := mounted.ReadDir(-1); len(still) != len(left) {
				t.Errorf("for containers that run on it %v is left of %v: %v", still, left, err)
			}
			remove(t, s, 1)
			wantNothing(t, s)
		})
	}
}

// TestADamagedClaimIsGone, and the next one in the slot takes it over.
func TestADamagedClaimIsGone(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	s := opened(t, t.TempDir())
	archive := pack(file("a", "1"))
	slot := mustSend(t, s, 1, "a", archive, true).Slot
	claim, _ := filepath.Glob(filepath.Join(s.Root(), "claims/layers", slot, "*"))
	if err := os.Truncate(claim[0], 9); err != nil {
		t.Fatal(err)
	}
	_, err := Get(t.Context(), s, incarnation(1))
	checkProblem(t, err, api.CodeGone, "cannot be read")
	if again := mustSend(t, s, 2, "a", archive, false); again.Slot != slot {
		t.Errorf("the owner's slot was %s and is %s", slot, again.Slot)
	}
	remove(t, s, 1, 2)
	wantNothing(t, s)
}
