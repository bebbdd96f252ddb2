package store

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"pulumi-slipway/agent/api"
)

// claimed enters a slot, puts a claim, and answers the slot's id.
func claimed(t *testing.T, s *Store, n int, owner string) string {
	t.Helper()
	slot, err := s.Enter(t.Context(), Layers, incarnation(n), owner)
	check(t, err)
	defer slot.Release()
	_, _, err = slot.PutClaim(incarnation(n), "key", digest(n))
	check(t, err)
	return slot.ID
}

func owners(t *testing.T, s *Store, slots ...string) []string {
	t.Helper()
	var found []string
	for _, slot := range slots {
		owner, err := s.Owner(Layers, slot)
		check(t, err)
		found = append(found, owner)
		if of, err := s.SlotOf(Layers, owner); owner != "" && of != slot {
			t.Errorf("slot %s belongs to %s, whose slot is %q %v", slot, owner, of, err)
		}
	}
	return found
}

func TestASlotIsFoundAgainByItsOwner(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	first := claimed(t, s, 1, "o/a")
	if again := claimed(t, s, 2, "o/a"); again != first {
		t.Errorf("the owner's second incarnation is in slot %s, the first was in %s", again, first)
	}
	if other := claimed(t, s, 3, "o/b"); other == first {
		t.Error("two owners share a slot")
	}
	claims, err := s.Claims(Layers)
	check(t, err)
	if len(claims) != 2 || slices.ContainsFunc(claims, func(c Claim) bool { return c.Incarnation == incarnation(1) }) {
		t.Errorf("the second incarnation did not take the slot over: %+v", claims)
	}
	for _, n := range []int{1, 2, 3, 2} {
		_, err := s.EndClaim(t.Context(), Layers, incarnation(n))
		check(t, err)
	}
	wantNothingLeft(t, s)
}

func TestASlotThatGetsNothingIsForgotten(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	slot, err := s.Enter(t.Context(), Containers, incarnation(1), "o/a")
	check(t, err)
	check(t, slot.MakeDir())
	slot.Release()
	wantNothingLeft(t, s)
}

func TestOneSlotForAllWhoEnterAtOnce(t *testing.T) {
	t.Parallel()
	root, run := t.TempDir(), t.TempDir()
	var group sync.WaitGroup
	for n := range 12 {
		s := opened(t, root, run)
		group.Go(func() {
			for range 5 {
				slot, err := s.Enter(t.Context(), Images, incarnation(n), "o/a")
				if err != nil {
					t.Error(err)
					return
				}
				if of, err := s.SlotOf(Images, "o/a"); of != slot.ID {
					t.Errorf("holds slot %s, the owner's is %q %v", slot.ID, of, err)
				}
				if n%2 == 0 { // the others leave it empty, so that it is forgotten now and then
					if _, _, err := slot.PutClaim(incarnation(n), "key", digest(n)); err != nil {
						t.Error(err)
					}
					if found, err := slot.Incarnations(); err != nil || len(found) != 1 {
						t.Errorf("in the slot there are %q %v", found, err)
					}
					if err := slot.RemoveClaim(incarnation(n)); err != nil {
						t.Error(err)
					}
				}
				slot.Release()
			}
		})
	}
	group.Wait()
	wantNothingLeft(t, opened(t, root, run))
}

func TestASlotGetsAnotherOwner(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	slot := claimed(t, s, 1, "o/a")
	if again := claimed(t, s, 1, "o/b"); again != slot {
		t.Errorf("the incarnation went from slot %s to %s", slot, again)
	}
	if got := owners(t, s, slot); got[0] != "o/b" {
		t.Errorf("the owner is %q", got)
	}
	if of, err := s.SlotOf(Layers, "o/a"); of != "" || err != nil {
		t.Errorf("the old owner still has slot %q %v", of, err)
	}
}

// TestOwnersChangePlaces renames resources in a ring: every one keeps its slot whatever the order.
func TestOwnersChangePlaces(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {0, 2, 1}} {
		s := fresh(t)
		before, after := []string{"o/a", "o/b", "o/c"}, []string{"o/b", "o/c", "o/a"}
		var slots []string
		for n, owner := range before {
			slots = append(slots, claimed(t, s, n, owner))
		}
		for _, n := range order {
			if slot := claimed(t, s, n, after[n]); slot != slots[n] {
				t.Errorf("%v: incarnation %d went from slot %s to %s", order, n, slots[n], slot)
			}
			if labels, err := names(s.labelsDir(Layers)); err != nil || len(labels) != len(slots) {
				t.Errorf("%v: each slot has one owner at any time, but the labels are %q %v", order, labels, err)
			}
		}
		if got := owners(t, s, slots...); !slices.Equal(got, after) {
			t.Errorf("%v: got owners %q, want %q", order, got, after)
		}
	}
}

// TestARelabelCutOffAnywhereIsFinishedByAskingAgain makes the labels as a crash leaves them after each of the four
// steps of two owners changing places.
func TestARelabelCutOffAnywhereIsFinishedByAskingAgain(t *testing.T) {
	t.Parallel()
	for done := range 5 {
		s := fresh(t)
		one, two := claimed(t, s, 1, "o/a"), claimed(t, s, 2, "o/b")
		for i, step := range []func() error{
			func() error { return s.addLabel(Layers, label{two, "o/a"}) },
			func() error { return s.removeLabel(Layers, label{two, "o/b"}) },
			func() error { return s.addLabel(Layers, label{one, "o/b"}) },
			func() error { return s.removeLabel(Layers, label{one, "o/a"}) },
		} {
			if i < done {
				check(t, step())
			}
		}
		claimed(t, s, 1, "o/b")
		claimed(t, s, 2, "o/a")
		if got := owners(t, s, one, two); !slices.Equal(got, []string{"o/b", "o/a"}) {
			t.Errorf("after %d steps: got %q", done, got)
		}
	}
}

// TestANewResourceDoesNotEndOneThatIsBeingRenamed: slot one is on its way from a to b when somebody new calls itself a.
func TestANewResourceDoesNotEndOneThatIsBeingRenamed(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	one := claimed(t, s, 1, "o/a")
	check(t, s.addLabel(Layers, label{one, "o/b"}))
	if slot := claimed(t, s, 2, "o/a"); slot == one {
		t.Error("the new resource took the slot over")
	}
	if slot := claimed(t, s, 1, "o/b"); slot != one {
		t.Errorf("the renamed resource went from slot %s to %s", one, slot)
	}
}

func TestNamesThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	for _, name := range []string{"", "..", "../../x", "a/b", strings.Repeat("g", 32), strings.Repeat("a", 65)} {
		problem := (*api.Problem)(nil)
		if _, err := s.Enter(t.Context(), Layers, name, "o/a"); !errors.As(err, &problem) || problem.Code != api.CodeInvalid {
			t.Errorf("incarnation %q: %v", name, err)
		}
	}
	long := "o/" + strings.Repeat("x", 5000)
	problem := (*api.Problem)(nil)
	if _, err := s.Enter(t.Context(), Layers, incarnation(1), long); !errors.As(err, &problem) || problem.ErrnoName != "ENAMETOOLONG" {
		t.Errorf("a long owner: %v", err)
	}
	wantNothingLeft(t, s)
}

func TestReferencesFindTheClaimOrSayWhatIsThere(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	claimed(t, s, 1, "o/a")
	if claim, err := s.Referred(Layers, api.Reference{Owner: "o/a", ContentKey: "key"}); err != nil || claim.Content != digest(1) {
		t.Errorf("got %+v %v", claim, err)
	}
	for reference, says := range map[api.Reference]string{
		{Owner: "o/a", ContentKey: "other"}: "has the content key key",
		{Owner: "o/b", ContentKey: "key"}:   "no layer of this owner",
	} {
		problem := (*api.Problem)(nil)
		_, err := s.Referred(Layers, reference)
		if !errors.As(err, &problem) || problem.Code != api.CodeReferenceMissing || !strings.Contains(problem.Detail, says) {
			t.Errorf("%+v: %v", reference, err)
		}
	}
}

func TestADamagedClaimIsTakenOver(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	slot, err := s.Enter(t.Context(), Layers, incarnation(1), "o/a")
	check(t, err)
	check(t, slot.MakeDir())
	check(t, os.WriteFile(slot.claimPath(incarnation(1)), nil, 0o600))
	slot.Release()
	if _, err := s.FindClaim(Layers, incarnation(1)); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
	claimed(t, s, 2, "o/a")
	if _, err := s.FindClaim(Layers, incarnation(1)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
