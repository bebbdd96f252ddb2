package layer

import (
	"archive/tar"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// GNU tar is the reference: what it unpacks, a layer has to be.

func requireRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, as the agent does: owners, devices and trusted attributes")
	}
}

// gnuUnpack unpacks an archive as `tar` does for root.
func gnuUnpack(t *testing.T, archive []byte) string {
	t.Helper()
	folder, file := t.TempDir(), filepath.Join(t.TempDir(), "archive")
	if err := os.WriteFile(file, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("tar", "--xattrs", "--xattrs-include=user.*", "--xattrs-include=security.capability",
		"--acls", "--numeric-owner", "-xpf", file, "-C", folder)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	return folder
}

// ownUnpack unpacks an archive as a layer.
func ownUnpack(t *testing.T, archive []byte) (string, unpacked) {
	t.Helper()
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	found, err := unpack(t.Context(), folder, bytes.NewReader(archive), nil)
	if err != nil {
		t.Fatal(err)
	}
	return folder, found
}

// TestLikeGNUTarFromDisk packs random trees with GNU tar in every format and compression.
func TestLikeGNUTarFromDisk(t *testing.T) {
	requireRoot(t)
	formats := []string{"v7", "oldgnu", "gnu", "ustar", "posix"}
	for i, compression := range []string{"", "--gzip", "--zstd"} {
		for j, format := range formats {
			t.Run(format+compression, func(t *testing.T) {
				t.Parallel()
				source := randomTree(t, rand.New(rand.NewPCG(uint64(i), uint64(j))), format)
				arguments := []string{"--format=" + format, "-cf", "-", "-C", source}
				if compression != "" {
					arguments = append(arguments, compression)
				}
				if format == "posix" {
					arguments = append(arguments, "--xattrs", "--xattrs-include=user.*", "--xattrs-include=security.capability")
				}
				if format == "posix" || format == "gnu" || format == "oldgnu" {
					arguments = append(arguments, "--sparse")
				}
				var archive, complaints bytes.Buffer
				command := exec.Command("tar", append(arguments, ".")...)
				command.Stdout, command.Stderr = &archive, &complaints
				if err := command.Run(); err != nil {
					t.Fatalf("tar %v: %v\n%s", arguments, err, &complaints)
				}
				got, _ := ownUnpack(t, archive.Bytes())
				compare(t, snapshot(t, got), snapshot(t, gnuUnpack(t, archive.Bytes())))
			})
		}
	}
}

// randomTree makes a folder with something of everything.
func randomTree(t *testing.T, random *rand.Rand, format string) string {
	t.Helper()
	root := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	folders, files := []string{root}, []string{}
	for i := range 120 {
		parent := folders[random.IntN(len(folders))]
		path := filepath.Join(parent, fmt.Sprintf("%s%d", []string{"a", "é", "b c", ".h", "-x", "n\n"}[random.IntN(6)], i))
		kind := random.IntN(12)
		if format == "v7" {
			kind %= 8 // no pipes, no devices
		}
		switch {
		case kind < 3:
			must(os.Mkdir(path, 0o755))
			folders = append(folders, path)
		case kind < 6:
			content := make([]byte, random.IntN(5000))
			for j := range content {
				content[j] = byte(random.Uint32())
			}
			must(os.WriteFile(path, content, 0o644))
			files = append(files, path)
		case kind == 6:
			must(os.Symlink([]string{"../../../etc/passwd", "/etc/passwd", "nowhere", "."}[random.IntN(4)], path))
			continue
		case kind == 7 && len(files) > 0:
			must(os.Link(files[random.IntN(len(files))], path))
			continue
		case kind == 8:
			must(unix.Mkfifo(path, 0o600))
		case kind == 9:
			must(unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(1, uint32(1+random.IntN(9))))))
		case kind == 10 && format != "v7" && format != "ustar":
			file, err := os.Create(path)
			must(err)
			_, err = file.WriteAt([]byte("middle"), 3<<20)
			must(err)
			must(file.Truncate(5 << 20))
			must(file.Close())
		default:
			must(os.WriteFile(path, nil, 0o600))
			if format == "posix" {
				must(unix.Setxattr(path, "user.note", []byte("value\n="), 0))
				must(unix.Setxattr(path, "security.capability", []byte{1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0))
				continue
			}
		}
		must(os.Lchown(path, random.IntN(70000), random.IntN(70000)))
		must(unix.Chmod(path, uint32(random.IntN(0o10000))))
		must(os.Chtimes(path, time.Time{}, time.Unix(int64(random.IntN(2e9)), 0)))
	}
	return root
}

// TestLikeGNUTarFromWriter packs what nothing on a disk looks like: children before their folders, names twice,
// absolute names, links to folders on the way.
func TestLikeGNUTarFromWriter(t *testing.T) {
	requireRoot(t)
	for seed := range 40 {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			archive, folders := oddArchive(t, rand.New(rand.NewPCG(uint64(seed), 7)))
			folder, found := ownUnpack(t, archive)
			got, want := snapshot(t, folder), snapshot(t, gnuUnpack(t, archive))
			var implied []string
			for path, modified := range folders {
				// GNU tar gives a folder the time of the last entry made in it; a layer has to be the same each time.
				if modified.Unix() == 0 {
					implied = append(implied, path)
				}
				line, _, _ := strings.Cut(want[path], " modified=")
				want[path] = fmt.Sprintf("%s modified=%d.%09d", line, modified.Unix(), modified.Nanosecond())
			}
			compare(t, got, want)
			slices.Sort(implied)
			if got := fmt.Sprintf("%q", found.implied); got != fmt.Sprintf("%q", implied) {
				t.Errorf("implied folders:\n  got  %s\n  want %q", got, implied)
			}
		})
	}
}

// oddArchive writes a random archive and answers the times of its folders, 0 for those it has no entry for.
func oddArchive(t *testing.T, random *rand.Rand) ([]byte, map[string]time.Time) {
	t.Helper()
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	folders := map[string]time.Time{".": time.Unix(0, 0)}
	for i := range 60 {
		// Folders are d0..d3 on each of three floors, files f0..f5, links l0..l2, so that names meet often.
		var parts []string
		for range random.IntN(3) {
			parts = append(parts, fmt.Sprintf("d%d", random.IntN(4)))
		}
		header := &tar.Header{Typeflag: tar.TypeDir, Mode: int64(0o700 + random.IntN(0o100)), Uid: i, Gid: 2 * i,
			ModTime: time.Unix(int64(random.IntN(2e9)), int64(random.IntN(1e9))), Format: tar.FormatPAX}
		content := []byte(nil)
		switch kind := random.IntN(10); {
		case kind < 6:
			header.Typeflag, content = tar.TypeReg, bytes.Repeat([]byte{byte(i)}, random.IntN(3000))
			header.Mode, header.Size = int64(random.IntN(0o10000)), int64(len(content))
			parts = append(parts, fmt.Sprintf("f%d", random.IntN(6)))
		case kind == 6:
			header.Typeflag, header.Linkname = tar.TypeSymlink, "nowhere"
			parts = append(parts, fmt.Sprintf("f%d", random.IntN(6)))
		default:
			parts = append(parts, fmt.Sprintf("d%d", random.IntN(4)))
		}
		path := strings.Join(parts, "/")
		header.Name = []string{"", "./", "/", ".//"}[random.IntN(4)] + path
		for parent := filepath.Dir(path); parent != "."; parent = filepath.Dir(parent) {
			if _, known := folders[parent]; !known {
				folders[parent] = time.Unix(0, 0)
			}
		}
		if header.Typeflag == tar.TypeDir {
			folders[path] = header.ModTime
		}
		if err := writer.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes(), folders
}
