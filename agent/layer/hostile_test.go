package layer

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// entry is one entry of an archive in a test.
type entry = tar.Header

func folder(name string) entry { return entry{Typeflag: tar.TypeDir, Name: name, Mode: 0o755} }
func symlink(name, to string) entry {
	return entry{Typeflag: tar.TypeSymlink, Name: name, Linkname: to}
}
func hardlink(name, to string) entry { return entry{Typeflag: tar.TypeLink, Name: name, Linkname: to} }
func file(name, content string) entry {
	return entry{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Gname: content}
}
func device(name string, n int64) entry {
	return entry{Typeflag: tar.TypeChar, Name: name, Devmajor: n, Devminor: 3}
}

func attribute(e entry, name, value string) entry {
	e.PAXRecords = map[string]string{xattrRecord + name: value}
	return e
}

// pack writes an archive; a file's content stands in Gname. It panics where that cannot be done: the test is wrong then.
func pack(entries ...entry) []byte {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for _, header := range entries {
		content := header.Gname
		header.Gname, header.Size, header.Format = "", int64(len(content)), tar.FormatPAX
		if err := writer.WriteHeader(&header); err != nil {
			panic(err)
		}
		if _, err := io.WriteString(writer, content); err != nil {
			panic(err)
		}
	}
	if err := writer.Close(); err != nil {
		panic(err)
	}
	return archive.Bytes()
}

// TestHostileArchives unpacks archives that try to reach outside. Beside the layer lies what they are after: a folder
// "victim" with a file "secret". Whether they fail or not, it must not have changed, and nothing may lie beside it.
func TestHostileArchives(t *testing.T) {
	requireRoot(t)
	cases := map[string]struct {
		entries []entry
		// code is that of the problem, "" where the archive is harmless inside its own tree.
		code api.Code
		// names must appear in the sentence.
		names string
		// holds are files and their content in the layer afterwards.
		holds map[string]string
	}{
		"name goes up":                       {entries: []entry{file("../victim/secret", "x")}, code: api.CodeArchiveEscapes, names: "../victim/secret"},
		"name goes up from below":            {entries: []entry{folder("a"), file("a/../../victim/new", "x")}, code: api.CodeArchiveEscapes, names: "a/../../victim/new"},
		"absolute name goes up":              {entries: []entry{file("/../victim/new", "x")}, code: api.CodeArchiveEscapes},
		"folder goes up":                     {entries: []entry{folder("../new")}, code: api.CodeArchiveEscapes},
		"link goes up":                       {entries: []entry{symlink("../new", "x")}, code: api.CodeArchiveEscapes},
		"absolute name":                      {entries: []entry{file("/etc/hosts", "x")}, holds: map[string]string{"etc/hosts": "x"}},
		"through a relative link":            {entries: []entry{symlink("out", "../victim"), file("out/secret", "x")}, code: api.CodeArchiveInvalid, names: "out/secret"},
		"through an absolute link":           {entries: []entry{symlink("out", "/"), file("out/secret", "x")}, holds: map[string]string{"secret": "x"}},
		"through a link with too many ups":   {entries: []entry{folder("victim"), symlink("out", "../../../victim"), file("out/secret", "x")}, holds: map[string]string{"victim/secret": "x"}},
		"through two links":                  {entries: []entry{symlink("a", ".."), symlink("b", "a/.."), file("b/secret", "x")}, holds: map[string]string{"secret": "x"}},
		"through a link in the middle":       {entries: []entry{folder("a"), symlink("a/b", "../.."), file("a/b/victim/new", "x")}, holds: map[string]string{"victim/new": "x"}},
		"through a magic link":               {entries: []entry{symlink("out", "/proc/self/root"), file("out/new", "x")}, code: api.CodeArchiveInvalid},
		"links in a ring":                    {entries: []entry{symlink("a", "b"), symlink("b", "a"), file("a/new", "x")}, code: api.CodeArchiveInvalid},
		"over a link":                        {entries: []entry{symlink("secret", "../victim/secret"), file("secret", "x")}, holds: map[string]string{"secret": "x"}},
		"folder over a link":                 {entries: []entry{symlink("out", "../victim"), folder("out"), file("out/secret", "x")}, holds: map[string]string{"out/secret": "x"}},
		"folder's mode through a link":       {entries: []entry{symlink("out", "../victim"), {Typeflag: tar.TypeDir, Name: "out/", Mode: 0o777}}},
		"hard link goes up":                  {entries: []entry{hardlink("new", "../victim/secret")}, code: api.CodeArchiveEscapes, names: "../victim/secret"},
		"hard link to an absolute name":      {entries: []entry{hardlink("new", "/victim/secret")}, code: api.CodeArchiveInvalid, names: "/victim/secret"},
		"hard link through a link":           {entries: []entry{symlink("out", "../victim"), hardlink("new", "out/secret"), file("new", "x")}, code: api.CodeArchiveInvalid, names: "out/secret"},
		"hard link to a link, then over it":  {entries: []entry{symlink("a", "../victim/secret"), hardlink("b", "a"), file("b", "x")}, holds: map[string]string{"b": "x"}},
		"hard link over a folder":            {entries: []entry{file("a", "x"), folder("b"), file("b/c", "y"), hardlink("b", "a")}, holds: map[string]string{"b": "x"}},
		"hard link to a folder":              {entries: []entry{folder("a"), hardlink("b", "a")}, code: api.CodeArchiveInvalid},
		"hard link to itself":                {entries: []entry{file("a", "x"), hardlink("a", "./a")}, holds: map[string]string{"a": "x"}},
		"hard link to itself alone":          {entries: []entry{hardlink("a", "a")}, code: api.CodeArchiveInvalid},
		"whiteout goes up":                   {entries: []entry{file("../victim/.wh.secret", "")}, code: api.CodeArchiveEscapes},
		"whiteout of the folder above":       {entries: []entry{folder("a"), file("a/.wh...", "")}, code: api.CodeArchiveEscapes},
		"whiteout of the folder itself":      {entries: []entry{folder("a"), file("a/.wh..", "")}, code: api.CodeArchiveEscapes},
		"whiteout through a link":            {entries: []entry{symlink("out", "../victim"), file("out/.wh.secret", "")}, code: api.CodeArchiveInvalid},
		"opaque through a link":              {entries: []entry{symlink("out", "../victim"), file("out/.wh..wh..opq", "")}, code: api.CodeArchiveInvalid},
		"file where a folder has to be":      {entries: []entry{file("a", "x"), file("a/b", "y")}, code: api.CodeArchiveInvalid, names: "a/b"},
		"root is a file":                     {entries: []entry{file(".", "x")}, code: api.CodeArchiveInvalid},
		"root is a link":                     {entries: []entry{symlink("/", "../victim")}, code: api.CodeArchiveInvalid},
		"unknown type":                       {entries: []entry{{Typeflag: 'Z', Name: "a"}}, code: api.CodeArchiveInvalid},
		"owner beyond 32 bits":               {entries: []entry{{Typeflag: tar.TypeReg, Name: "a", Uid: 1 << 32}}, code: api.CodeArchiveInvalid, names: "4294967296"},
		"owner that means unchanged":         {entries: []entry{{Typeflag: tar.TypeReg, Name: "a", Gid: 1<<32 - 1}}, code: api.CodeArchiveInvalid},
		"device beyond its number":           {entries: []entry{device("a", 1<<12)}, code: api.CodeArchiveInvalid},
		"name longer than the kernel's":      {entries: []entry{file(strings.Repeat("n", 256), "x")}, code: api.CodeArchiveInvalid},
		"path longer than the kernel's":      {entries: []entry{file(strings.Repeat("n/", 4000)+"n", "x")}, code: api.CodeArchiveInvalid},
		"file, then folder, then file again": {entries: []entry{file("a", "1"), folder("a"), file("a/b", "2"), file("a", "3")}, holds: map[string]string{"a": "3"}},
		"overlayfs's own attributes":         {entries: []entry{attribute(folder("a"), "trusted.overlay.redirect", "/victim"), attribute(file("b", "x"), "trusted.overlay.metacopy", "")}, holds: map[string]string{"b": "x"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			beside := t.TempDir()
			victim := filepath.Join(beside, "victim")
			if err := errors.Join(os.Mkdir(victim, 0o700), os.WriteFile(filepath.Join(victim, "secret"), []byte("secret"), 0o600),
				os.Mkdir(filepath.Join(beside, "layer"), 0o755)); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, victim)
			_, err := unpack(t.Context(), filepath.Join(beside, "layer"), bytes.NewReader(pack(c.entries...)), nil)
			compare(t, snapshot(t, victim), before)
			if found, _ := filepath.Glob(filepath.Join(beside, "*")); len(found) != 2 {
				t.Errorf("beside the layer there is now %q", found)
			}
			checkProblem(t, err, c.code, c.names)
			for path, content := range c.holds {
				at := filepath.Join(beside, "layer", path)
				got, err := os.ReadFile(at)
				if err != nil || string(got) != content {
					t.Errorf("%s: got %q %v, want %q", path, got, err, content)
				}
			}
			for path, line := range snapshot(t, filepath.Join(beside, "layer")) {
				if strings.Contains(line, "trusted.") {
					t.Errorf("%s kept a trusted attribute: %s", path, line)
				}
			}
		})
	}
}

func checkProblem(t *testing.T, err error, code api.Code, names string) {
	t.Helper()
	problem := (*api.Problem)(nil)
	switch {
	case code == "" && err != nil:
		t.Errorf("failed: %v", err)
	case code == "":
	case !errors.As(err, &problem):
		t.Errorf("got %v, want a problem with code %s", err, code)
	case problem.Code != code:
		t.Errorf("got code %s (%s), want %s", problem.Code, problem.Detail, code)
	case !strings.Contains(problem.Detail, names):
		t.Errorf("the sentence %q does not name %q", problem.Detail, names)
	}
}

// TestBrokenStreams reads what is no archive, or not a whole one.
func TestBrokenStreams(t *testing.T) {
	requireRoot(t)
	whole := pack(folder("a"), file("a/b", strings.Repeat("content ", 4000)), file("c", "end"))
	gzipped := compressed(whole)
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	zstandard := encoder.EncodeAll(whole, nil)
	largeWindow := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff}, make([]byte, 64)...)
	flipped := bytes.Clone(gzipped)
	flipped[len(flipped)/2] ^= 0x40
	huge := pack(entry{Typeflag: tar.TypeReg, Name: "huge", Mode: 0o644})
	copy(huge[124:136], []byte{0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	resum(huge)

	cases := map[string]struct {
		stream []byte
		fails  bool
		names  string
	}{
		"whole":                       {stream: whole},
		"whole, gzip":                 {stream: gzipped},
		"whole, zstd":                 {stream: zstandard},
		"whole, then padding":         {stream: append(bytes.Clone(whole), make([]byte, 9000)...)},
		"two gzip members":            {stream: append(compressed(whole[:3000]), compressed(whole[3000:])...)},
		"nothing":                     {stream: nil, fails: true, names: "cut off"},
		"two zstd frames":             {stream: append(encoder.EncodeAll(whole[:3000], nil), encoder.EncodeAll(whole[3000:], nil)...)},
		"a zstd frame to be skipped":  {stream: append([]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00size"), zstandard...)},
		"a name like bzip2's mark":    {stream: pack(file("BZhang", "x"))},
		"a label":                     {stream: pack(entry{Typeflag: 'V', Name: "volume"}, file("a", "x"))},
		"an empty archive":            {stream: make([]byte, 1024)},
		"nothing, gzip":               {stream: compressed(nil), fails: true, names: "cut off"},
		"text":                        {stream: []byte(strings.Repeat("this is no archive\n", 100)), fails: true},
		"a page of a web server":      {stream: []byte("<html>404</html>"), fails: true},
		"cut off in a file":           {stream: whole[:5000], fails: true, names: "a/b"},
		"two joined by cat":           {stream: append(bytes.Clone(whole), whole...), fails: true, names: "tar -A"},
		"cut off after zeros":         {stream: pack(file("zeros", strings.Repeat("\x00", 1024)))[:512+1024], fails: true, names: "cut off"},
		"cut off between entries":     {stream: whole[:len(whole)-2048], fails: true, names: "cut off"},
		"cut off, then gzip":          {stream: compressed(whole[:len(whole)-2048]), fails: true, names: "cut off"},
		"cut off, then zstd":          {stream: encoder.EncodeAll(whole[:512], nil), fails: true, names: "cut off"},
		"cut off in a header":         {stream: whole[:100], fails: true},
		"cut off, gzip":               {stream: gzipped[:len(gzipped)-9], fails: true},
		"cut off, zstd":               {stream: zstandard[:len(zstandard)-9], fails: true},
		"changed, gzip":               {stream: flipped, fails: true},
		"garbage after gzip":          {stream: append(bytes.Clone(gzipped), "garbage"...), fails: true},
		"garbage after zstd":          {stream: append(bytes.Clone(zstandard), "garbage"...), fails: true},
		"garbage after the end mark":  {stream: append(append(bytes.Clone(whole), "garbage"...), make([]byte, 2000)...), fails: true, names: "end mark"},
		"xz":                          {stream: []byte("\xfd7zXZ\x00rest"), fails: true, names: "xz"},
		"bzip2":                       {stream: []byte("BZh91AY&SY"), fails: true, names: "bzip2"},
		"zstd with a window of 2 TiB": {stream: largeWindow, fails: true, names: "--long=27"},
		"a file of 8 EiB":             {stream: huge, fails: true, names: "huge"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := unpack(t.Context(), t.TempDir(), bytes.NewReader(c.stream), nil)
			code := api.CodeArchiveInvalid
			if !c.fails {
				code = ""
			}
			checkProblem(t, err, code, c.names)
		})
	}
}

// compressed is data packed with gzip.
func compressed(data []byte) []byte {
	var packed bytes.Buffer
	packer := gzip.NewWriter(&packed)
	if _, err := packer.Write(data); err != nil {
		panic(err)
	}
	if err := packer.Close(); err != nil {
		panic(err)
	}
	return packed.Bytes()
}

// resum corrects the checksum of an archive's first header.
func resum(archive []byte) {
	copy(archive[148:156], "        ")
	sum := 0
	for _, b := range archive[:512] {
		sum += int(b)
	}
	copy(archive[148:156], []byte{'0' + byte(sum>>15&7), '0' + byte(sum>>12&7), '0' + byte(sum>>9&7), '0' + byte(sum>>6&7),
		'0' + byte(sum>>3&7), '0' + byte(sum&7), 0, ' '})
}

// TestAttributesThatStay keeps what belongs to files and nothing that belongs to the file system they came from.
func TestAttributesThatStay(t *testing.T) {
	requireRoot(t)
	capability := string([]byte{1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	got, _ := ownUnpack(t, pack(
		attribute(entry{Typeflag: tar.TypeReg, Name: "ping", Mode: 0o6755, Uid: 5, Gid: 6}, "security.capability", capability),
		attribute(folder("a"), "user.note", "kept"),
		attribute(folder("b"), "security.selinux", "dropped"),
		attribute(folder("c"), "trusted.note", "dropped"),
		attribute(symlink("d", "a"), "user.note", "dropped")))
	lines := snapshot(t, got)
	for path, want := range map[string]string{
		"ping": "mode=106755 owner=5:6 modified=0.000000000 size=0 sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 security.capability=0100000200040000000000000000000000000000",
		"a":    "mode=40755 owner=0:0 modified=0.000000000 user.note=6b657074",
		"b":    "mode=40755 owner=0:0 modified=0.000000000",
		"c":    "mode=40755 owner=0:0 modified=0.000000000",
		"d":    "mode=120777 owner=0:0 modified=0.000000000 target=a",
	} {
		if lines[path] != want {
			t.Errorf("%s\n  got  %s\n  want %s", path, lines[path], want)
		}
	}
}

// TestWhatIsHidden turns the marks of the OCI image specification into those of overlayfs.
func TestWhatIsHidden(t *testing.T) {
	requireRoot(t)
	got, _ := ownUnpack(t, pack(
		file("etc/.wh.gone", ""),
		folder("var"), file("var/.wh..wh..opq", ""), file("var/new", "x"),
		file(".wh.again", ""), folder("again"), file("again/x", "x"),
		folder("before"), file(".wh.before", ""),
		file(".wh.same", ""), file("same", "x"),
		file(".wh..wh.plnk", "")))
	for path, want := range map[string]struct {
		mode   uint32
		opaque bool
	}{
		"etc/gone": {unix.S_IFCHR, false},
		"var":      {unix.S_IFDIR, true},
		"var/new":  {unix.S_IFREG, false},
		"again":    {unix.S_IFDIR, true},
		"before":   {unix.S_IFDIR, true},
		"same":     {unix.S_IFREG, false},
	} {
		var stat unix.Stat_t
		if err := unix.Lstat(filepath.Join(got, path), &stat); err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		value := make([]byte, 8)
		n, _ := unix.Lgetxattr(filepath.Join(got, path), opaqueAttribute, value)
		if stat.Mode&unix.S_IFMT != want.mode || stat.Rdev != 0 || (n == 1 && value[0] == 'y') != want.opaque {
			t.Errorf("%s: type %o device %d opaque %q, want %+v", path, stat.Mode, stat.Rdev, value[:max(n, 0)], want)
		}
	}
	if found, _ := filepath.Glob(filepath.Join(got, ".wh*")); len(found) != 0 {
		t.Errorf("marks were left as files: %q", found)
	}
}
