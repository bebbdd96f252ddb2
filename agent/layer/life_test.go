package layer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

func opened(t *testing.T, root string) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(root, "root"), filepath.Join(root, "run"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func digestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

func incarnation(n int) string { return fmt.Sprintf("%032x", n) }

func request(owner string, archive []byte) api.LayerRequest {
	return api.LayerRequest{Owner: "o/" + owner, ContentKey: digestOf(archive), Blob: digestOf(archive)}
}

// send puts a layer as the client does: it sends the archive only when it is asked to.
func send(ctx context.Context, s *store.Store, n int, owner string, archive []byte) (api.LayerAnswer, bool, error) {
	answer, err := Put(ctx, s, incarnation(n), request(owner, archive))
	if problem := (*api.Problem)(nil); !errors.As(err, &problem) || problem.Code != api.CodeBlobMissing {
		return answer, false, err
	}
	if err := PutBlob(ctx, s, digestOf(archive), bytes.NewReader(archive)); err != nil {
		return answer, true, err
	}
	answer, err = Put(ctx, s, incarnation(n), request(owner, archive))
	return answer, true, err
}

func mustSend(t *testing.T, s *store.Store, n int, owner string, archive []byte, asked bool) api.LayerAnswer {
	t.Helper()
	answer, was, err := send(t.Context(), s, n, owner, archive)
	if err != nil {
		t.Fatal(err)
	}
	if was != asked {
		t.Errorf("incarnation %d: the archive was asked for: %v, want %v", n, was, asked)
	}
	if got, err := Get(t.Context(), s, incarnation(n)); err != nil || got != answer || !got.Intact {
		t.Errorf("incarnation %d: observed %+v %v, answered %+v", n, got, err, answer)
	}
	return answer
}

// content lists the files and links below the store but for the host id, the locks and the empty folders.
func content(t *testing.T, s *store.Store) []string {
	t.Helper()
	var found []string
	for _, root := range []string{s.Root(), s.Run()} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			name, _ := filepath.Rel(root, path)
			if err == nil && !entry.IsDir() && name != "host-id" && name != "locks" || strings.HasPrefix(name, "layers/") {
				found = append(found, name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func wantNothing(t *testing.T, s *store.Store) {
	t.Helper()
	if found := content(t, s); len(found) > 0 {
		t.Errorf("left on the host: %q", found)
	}
}

func remove(t *testing.T, s *store.Store, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		if err := Delete(t.Context(), s, incarnation(n)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheLifeOfALayer(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	s := opened(t, t.TempDir())
	archive := pack(folder("etc"), file("etc/hosts", "127.0.0.1 localhost"))
	first := mustSend(t, s, 1, "a", archive, true)
	if first.Digest != digestOf(archive) || first.SizeBytes != 19 || first.Owner != "o/a" || first.ContentKey != digestOf(archive) {
		t.Errorf("answered %+v", first)
	}
	if again := mustSend(t, s, 1, "a", archive, false); again != first {
		t.Errorf("answered %+v, then %+v", first, again)
	}
	if _, err := os.Lstat(s.BlobPath(digestOf(archive))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the archive is still there: %v", err)
	}
	// The same bytes for another owner, and the same tree from other bytes, are the same layer.
	mustSend(t, s, 2, "b", archive, false)
	if packed := mustSend(t, s, 3, "c", compressed(archive), true); packed.Digest != first.Digest {
		t.Errorf("compressed, the layer is %s, plain %s", packed.Digest, first.Digest)
	}
	mustSend(t, s, 4, "d", compressed(archive), false)
	if found, _ := filepath.Glob(filepath.Join(s.Root(), "layers", "*")); len(found) != 1 {
		t.Errorf("on the disk there are %q", found)
	}
	// Another content in the same slot takes it over; the old content stays for the others.
	second := mustSend(t, s, 5, "a", pack(file("new", "")), true)
	if second.Slot != first.Slot {
		t.Errorf("the owner's slot was %s and is %s", first.Slot, second.Slot)
	}
	remove(t, s, 1, 1)
	mustSend(t, s, 2, "renamed", archive, false)
	answers, err := List(t.Context(), s)
	var owners []string
	for _, answer := range answers {
		owners = append(owners, answer.Owner)
	}
	slices.Sort(owners)
	if err != nil || !slices.Equal(owners, []string{"o/a", "o/c", "o/d", "o/renamed"}) {
		t.Errorf("the owners are %q %v", owners, err)
	}
	remove(t, s, 2, 3, 4, 5)
	wantNothing(t, s)
	problem := (*api.Problem)(nil)
	if _, err := Get(t.Context(), s, incarnation(2)); !errors.As(err, &problem) || problem.Code != api.CodeGone {
		t.Errorf("looked at after it was deleted: %v", err)
	}
}

func TestWhatCannotBeMadeLeavesNothing(t *testing.T) {
	requireRoot(t)
	good := pack(folder("a"), file("a/b", strings.Repeat("x", 5000)))
	for name, c := range map[string]struct {
		archive []byte
		code    api.Code
	}{
		"cut off":     {good[:3000], api.CodeArchiveInvalid},
		"no archive":  {[]byte(strings.Repeat("text", 1000)), api.CodeArchiveInvalid},
		"nothing":     {nil, api.CodeArchiveInvalid},
		"escaping":    {pack(folder("a"), file("../x", "")), api.CodeArchiveEscapes},
		"cut off, gz": {compressed(good)[:40], api.CodeArchiveInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := opened(t, t.TempDir())
			_, _, err := send(t.Context(), s, 1, "a", c.archive)
			checkProblem(t, err, c.code, "")
			wantNothing(t, s)
		})
	}
	t.Run("other bytes", func(t *testing.T) {
		t.Parallel()
		s := opened(t, t.TempDir())
		for range 2 {
			err := PutBlob(t.Context(), s, digestOf([]byte("promised")), strings.NewReader("sent"))
			checkProblem(t, err, api.CodeDigestMismatch, digestOf([]byte("sent")))
			wantNothing(t, s)
		}
	})
	t.Run("a connection that breaks", func(t *testing.T) {
		t.Parallel()
		s := opened(t, t.TempDir())
		broken := io.MultiReader(bytes.NewReader(good), errorReader{io.ErrUnexpectedEOF})
		if err := PutBlob(t.Context(), s, digestOf(good), broken); err == nil {
			t.Error("kept an archive whose connection broke")
		}
		wantNothing(t, s)
	})
	t.Run("other bytes over a layer that is there", func(t *testing.T) {
		t.Parallel()
		s := opened(t, t.TempDir())
		mustSend(t, s, 1, "a", good, true)
		before := content(t, s)
		checkProblem(t, PutBlob(t.Context(), s, digestOf(good), strings.NewReader("sent")), api.CodeDigestMismatch, "")
		receive(t, s, good)
		mustSend(t, s, 1, "a", good, false)
		if after := content(t, s); !slices.Equal(after, before) {
			t.Errorf("there was %q and is %q", before, after)
		}
	})
	t.Run("an archive the disk lost", func(t *testing.T) {
		t.Parallel()
		s := opened(t, t.TempDir())
		if err := errors.Join(PutBlob(t.Context(), s, digestOf(good), bytes.NewReader(good)), os.Truncate(s.BlobPath(digestOf(good)), 700)); err != nil {
			t.Fatal(err)
		}
		mustSend(t, s, 1, "a", good, true)
	})
}

type errorReader struct{ error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.error }

// TestACutOffRequestKeepsTheArchive for the one that follows.
func TestACutOffRequestKeepsTheArchive(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	s := opened(t, t.TempDir())
	archive := pack(file("large", strings.Repeat("x", 8<<20)))
	if err := PutBlob(t.Context(), s, digestOf(archive), bytes.NewReader(archive)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := Put(ctx, s, incarnation(1), request("a", archive)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	mustSend(t, s, 1, "a", archive, false)
}

// TestWhatWasReceivedStays until its sender has asked for the layer, whatever another agent does with the same bytes
// meanwhile.
func TestWhatWasReceivedStays(t *testing.T) {
	requireRoot(t)
	archive := pack(file("a", "1"))
	for name, c := range map[string]struct {
		before, after func(t *testing.T, theirs *store.Store)
	}{
		"a layer of theirs, which they delete": {
			before: func(t *testing.T, theirs *store.Store) { mustSend(t, theirs, 1, "theirs", archive, true) },
			after:  func(t *testing.T, theirs *store.Store) { remove(t, theirs, 1) },
		},
		"an archive of theirs, whose layer they make and delete": {
			before: func(t *testing.T, theirs *store.Store) { receive(t, theirs, archive) },
			after: func(t *testing.T, theirs *store.Store) {
				mustSend(t, theirs, 1, "theirs", archive, false)
				remove(t, theirs, 1)
			},
		},
		"nothing, and theirs comes and goes": {
			before: func(*testing.T, *store.Store) {},
			after: func(t *testing.T, theirs *store.Store) {
				receive(t, theirs, archive)
				mustSend(t, theirs, 1, "theirs", archive, false)
				remove(t, theirs, 1)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			ours, theirs := opened(t, root), opened(t, root)
			c.before(t, theirs)
			receive(t, ours, archive)
			c.after(t, theirs)
			if err := theirs.Sweep(t.Context(), 0); err != nil {
				t.Error(err)
			}
			mustSend(t, ours, 2, "ours", archive, false)
			remove(t, ours, 2)
			wantNothing(t, ours)
		})
	}
}

func receive(t *testing.T, s *store.Store, archive []byte) {
	t.Helper()
	if err := PutBlob(t.Context(), s, digestOf(archive), bytes.NewReader(archive)); err != nil {
		t.Fatal(err)
	}
}

// TestManyAtOnce has several agents put, replace and delete the same layers, and sweep, side by side.
func TestManyAtOnce(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	root := t.TempDir()
	archives := [][]byte{
		pack(folder("a"), file("a/b", "1"), file("c", strings.Repeat("x", 100_000))),
		pack(folder("a"), file("a/b", "2")),
	}
	var group sync.WaitGroup
	for n := range 6 {
		s := opened(t, root)
		group.Go(func() {
			defer s.Close()
			for round := range 6 {
				archive, number := archives[(n+round)%2], 100*n+round
				answer, _, err := send(t.Context(), s, number, fmt.Sprint("owner ", n%3), archive)
				if err != nil {
					t.Errorf("put: %v", err)
					return
				}
				lease, err := s.LockShared(t.Context(), store.LayerLock(answer.Digest))
				if err != nil {
					t.Error(err)
					return
				}
				// Another agent may have taken the slot over; whoever still has the claim must have the layer.
				if got, err := Get(t.Context(), s, incarnation(number)); err == nil && !got.Intact {
					t.Errorf("layer %d is claimed and not intact", number)
				}
				lease.Unlock()
				if round%2 == 0 {
					if err := Delete(t.Context(), s, incarnation(number)); err != nil {
						t.Errorf("delete: %v", err)
					}
				}
				if err := s.Sweep(t.Context(), 0); err != nil {
					t.Errorf("sweep: %v", err)
				}
			}
			for round := range 6 {
				if err := Delete(t.Context(), s, incarnation(100*n+round)); err != nil {
					t.Errorf("delete: %v", err)
				}
			}
		})
	}
	group.Wait()
	s := opened(t, root)
	if err := s.Sweep(t.Context(), 0); err != nil {
		t.Error(err)
	}
	wantNothing(t, s)
}
