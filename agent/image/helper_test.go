package image

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/layer"
	"pulumi-slipway/agent/store"
)

func requireRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, as the agent does: owners, devices and trusted attributes")
	}
}

func opened(t *testing.T, root string) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(root, "root"), filepath.Join(root, "run"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func incarnation(n int) string { return fmt.Sprintf("%032x", n) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// files are an archive's entries: a name that ends in "/" is a folder, a content that starts with "->" a link.
type files map[string]string

// pack writes an archive whose entries come in the order of their names.
func pack(content files) []byte {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for _, name := range sorted(content) {
		header := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644}
		data := content[name]
		if strings.HasSuffix(name, "/") {
			header.Typeflag, header.Mode = tar.TypeDir, 0o755
			if data != "" {
				fmt.Sscanf(data, "%o %d", &header.Mode, &header.Uid)
			}
			data = ""
		}
		if target, is := strings.CutPrefix(data, "->"); is {
			header.Typeflag, header.Linkname, data = tar.TypeSymlink, target, ""
		}
		header.Size = int64(len(data))
		if err := writer.WriteHeader(header); err != nil {
			panic(err)
		}
		if _, err := io.WriteString(writer, data); err != nil {
			panic(err)
		}
	}
	if err := writer.Close(); err != nil {
		panic(err)
	}
	return archive.Bytes()
}

// putLayer puts a layer of an archive and answers a reference to it.
func putLayer(ctx context.Context, s *store.Store, n int, owner string, archive []byte) (api.Reference, error) {
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(archive))
	reference := api.Reference{Owner: owner, ContentKey: digest}
	if err := layer.PutBlob(ctx, s, digest, bytes.NewReader(archive)); err != nil {
		return reference, err
	}
	_, err := layer.Put(ctx, s, incarnation(n), api.LayerRequest{Owner: owner, ContentKey: digest, Blob: digest})
	return reference, err
}

func mustPutLayer(t *testing.T, s *store.Store, n int, owner string, content files) api.Reference {
	t.Helper()
	reference, err := putLayer(t.Context(), s, n, owner, pack(content))
	check(t, err)
	return reference
}

// left lists what is on the host besides what every store has.
func left(t *testing.T, s *store.Store) []string {
	t.Helper()
	var found []string
	for _, root := range []string{s.Root(), s.Run()} {
		check(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			name, _ := filepath.Rel(root, path)
			deep := strings.Count(name, "/") > 0 && !strings.HasPrefix(name, "slots/") && !strings.HasPrefix(name, "claims/")
			if err == nil && (deep || !entry.IsDir() && name != "host-id" && name != "locks") {
				found = append(found, name)
			}
			return err
		}))
	}
	return found
}

func wantNothing(t *testing.T, s *store.Store) {
	t.Helper()
	if found := left(t, s); len(found) > 0 {
		t.Errorf("left on the host: %q", found)
	}
}
