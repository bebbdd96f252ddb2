package layer

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzUnpack changes archives at random. Whatever they become, unpacking ends without a panic and reaches nothing beside
// the layer. The seeds run with every test; `go test ./layer -run=^$ -fuzz=FuzzUnpack` goes on from them.
func FuzzUnpack(f *testing.F) {
	if os.Geteuid() != 0 {
		f.Skip("needs root, as the agent does")
	}
	for _, entries := range [][]entry{
		{folder("a"), file("a/b", "content"), symlink("c", "../victim"), hardlink("d", "a/b"), file("c/secret", "x")},
		{file(".wh.x", ""), folder("x"), file("x/.wh..wh..opq", ""), device("x/null", 1), attribute(folder("y"), "user.a", "b")},
		{file("../victim/secret", "x")},
		{{Typeflag: tar.TypeFifo, Name: "p"}, symlink("/", "/"), file("p/q", "")},
	} {
		f.Add(pack(entries...))
		f.Add(compressed(pack(entries...)))
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		beside := t.TempDir()
		victim := filepath.Join(beside, "victim")
		check := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		check(os.Mkdir(victim, 0o700))
		check(os.WriteFile(filepath.Join(victim, "secret"), []byte("secret"), 0o600))
		check(os.Mkdir(filepath.Join(beside, "layer"), 0o755))
		before := snapshot(t, victim)
		// A changed header with its old checksum would be the end of most archives.
		for at := 0; at+512 <= len(archive); at += 512 {
			if bytes.Equal(archive[at+257:at+262], []byte("ustar")) {
				archive = bytes.Clone(archive)
				resum(archive[at:])
			}
		}
		_, _ = unpack(t.Context(), filepath.Join(beside, "layer"), bytes.NewReader(archive), nil)
		compare(t, snapshot(t, victim), before)
		if found, _ := filepath.Glob(filepath.Join(beside, "*")); len(found) != 2 {
			t.Errorf("beside the layer there is now %q", found)
		}
	})
}
