package image

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/layer"
	"pulumi-slipway/agent/store"
)

func digestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

// shelf is a registry with one repository, app. Package registry has tests of what registries do; here they behave.
type shelf struct {
	*httptest.Server
	mu     sync.Mutex
	blobs  map[string][]byte
	served map[string][]byte
	asked  []string
	// cut has the answer to a path stop after so many bytes.
	cut map[string]int
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{blobs: map[string][]byte{}, served: map[string][]byte{}, cut: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/v2/app/")
		s.mu.Lock()
		defer s.mu.Unlock()
		if path != "/v2/" {
			s.asked = append(s.asked, strings.TrimSpace(path+" "+r.Header.Get("Range")))
		}
		if most, is := s.cut[path]; is {
			_, _ = w.Write(s.served[path][:most])
			_ = http.NewResponseController(w).Flush()
			s.mu.Unlock()
			<-r.Context().Done()
			s.mu.Lock()
			return
		}
		body, is := s.served[path]
		if !is {
			http.NotFound(w, r)
			return
		}
		if strings.HasPrefix(path, "manifests/") {
			w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}))
	t.Cleanup(s.Close)
	return s
}

// forget answers what was asked for since the last time.
func (s *shelf) forget() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

func (s *shelf) descriptor(mediaType string, data []byte) map[string]any {
	s.served["blobs/"+digestOf(data)] = data
	return map[string]any{"mediaType": mediaType, "digest": digestOf(data), "size": len(data)}
}

// tag puts an image of archives under a tag, its layers packed with gzip; the answer is its digest and those of the
// packed layers.
func (s *shelf) tag(tag string, change func(config map[string]any), archives ...[]byte) (string, []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var diffIDs, blobs []string
	var layers []any
	for _, archive := range archives {
		var packed bytes.Buffer
		writer := gzip.NewWriter(&packed)
		_, _ = writer.Write(archive)
		_ = writer.Close()
		diffIDs, blobs = append(diffIDs, digestOf(archive)), append(blobs, digestOf(packed.Bytes()))
		layers = append(layers, s.descriptor("application/vnd.oci.image.layer.v1.tar+gzip", packed.Bytes()))
	}
	config := map[string]any{"os": "linux", "architecture": runtime.GOARCH,
		"rootfs": map[string]any{"type": "layers", "diff_ids": diffIDs},
		"config": map[string]any{"Cmd": []string{"httpd"}, "Env": []string{"A=1=2"}, "WorkingDir": "srv", "Volumes": map[string]any{"/etc": nil}}}
	if change != nil {
		change(config)
	}
	configured, _ := json.Marshal(config)
	manifest, _ := json.Marshal(map[string]any{"schemaVersion": 2, "config": s.descriptor("application/vnd.oci.image.config.v1+json", configured),
		"layers": layers})
	s.served["manifests/"+tag], s.served["manifests/"+digestOf(manifest)] = manifest, manifest
	return digestOf(manifest), blobs
}

func (s *shelf) request(key string) api.ImageRequest {
	place := api.RegistryPlace{Address: strings.TrimPrefix(s.URL, "http://"), Repository: "app", Insecure: true}
	return api.ImageRequest{Owner: "o/app", ContentKey: key,
		Pull: &api.Pull{Reference: "app:1", Tag: "1", Places: []api.RegistryPlace{place}, MaxBytes: 1 << 30}}
}

func blobsOf(asked []string) []string {
	return slices.DeleteFunc(asked, func(path string) bool { return !strings.HasPrefix(path, "blobs/") })
}

func TestTheLifeOfAPulledImage(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	s, from := opened(t, t.TempDir()), newShelf(t)
	base, site := pack(files{"etc/": "700 5", "etc/a": "12345"}), pack(files{"etc/.wh.a": "", "b": "123"})
	digest, packed := from.tag("1", nil, base, site, site)
	first, err := Put(t.Context(), s, incarnation(1), from.request("key"))
	check(t, err)
	want := &api.ImageConfig{Command: []string{"httpd"}, Env: map[string]string{"A": "1=2"}, WorkingDir: "/srv"}
	if first.Digest != digest || !slices.Equal(first.Layers, []string{digestOf(base), digestOf(site), digestOf(site)}) || first.SizeBytes != 8 ||
		!first.Intact || !reflect.DeepEqual(first.Config, want) {
		t.Errorf("answered %+v", first)
	}
	found := resolved(t, s, "o/app")
	if _, err := os.Lstat(filepath.Join(found.Trees[len(found.Trees)-1], "etc")); err != nil || found.Config.WorkingDir != "/srv" {
		t.Errorf("resolved %+v", found)
	}
	found.Release()

	// Asked again, or looked at, no registry is needed; and a layer that came in another way is not fetched.
	from.forget()
	for _, again := range []func() (api.ImageAnswer, error){
		func() (api.ImageAnswer, error) { return Put(t.Context(), s, incarnation(1), from.request("key")) },
		func() (api.ImageAnswer, error) { return Get(t.Context(), s, incarnation(1)) },
	} {
		if got, err := again(); err != nil || !reflect.DeepEqual(got, first) {
			t.Errorf("got %+v %v, want %+v", got, err, first)
		}
	}
	if asked := from.forget(); len(asked) > 0 {
		t.Errorf("asked for %q", asked)
	}

	// The tag moves, and a file is damaged: what comes back is what was there.
	moved, _ := from.tag("1", nil, base, pack(files{"c": "new"}))
	check(t, os.WriteFile(filepath.Join(s.LayerTree(digestOf(base)), "etc/a"), []byte("damaged"), 0o600))
	if got, err := Get(t.Context(), s, incarnation(1)); err != nil || got.Intact {
		t.Errorf("damaged, the image is %+v %v", got, err)
	}
	again, err := Put(t.Context(), s, incarnation(1), from.request("key"))
	check(t, err)
	if content, _ := os.ReadFile(filepath.Join(s.LayerTree(digestOf(base)), "etc/a")); again.Digest != digest || string(content) != "12345" {
		t.Errorf("repaired, the image is %+v with %q", again, content)
	}
	if asked := blobsOf(from.forget()); !slices.Contains(asked, "blobs/"+packed[0]) || slices.Contains(asked, "blobs/"+packed[1]) {
		t.Errorf("to repair one layer, it asked for %q", asked)
	}
	// Another key asks for what the tag stands for now, and fetches what is new.
	second, err := Put(t.Context(), s, incarnation(2), from.request("other"))
	check(t, err)
	if second.Digest != moved || second.Slot != first.Slot || slices.Contains(from.forget(), "blobs/"+packed[0]) {
		t.Errorf("of another key, the image is %+v", second)
	}
	if _, err := os.Lstat(s.LayerDir(digestOf(site))); err == nil {
		t.Error("the layer that only the old image had is still there")
	}
	check(t, Delete(t.Context(), s, incarnation(2)))
	wantNothing(t, s)
}

func TestALayerIsOnceOnTheHostHoweverItCame(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	s, from := opened(t, t.TempDir()), newShelf(t)
	content := files{"a": "12345"}
	mustPutLayer(t, s, 1, "o/base", content)
	_, packed := from.tag("1", nil, pack(content), pack(files{"b": "1"}))
	_, err := Put(t.Context(), s, incarnation(2), from.request("key"))
	check(t, err)
	if asked := from.forget(); slices.Contains(asked, "blobs/"+packed[0]) || !slices.Contains(asked, "blobs/"+packed[1]) {
		t.Errorf("asked for %q", asked)
	}
	check(t, layer.Delete(t.Context(), s, incarnation(1)))
	if got, err := Get(t.Context(), s, incarnation(2)); err != nil || !got.Intact {
		t.Errorf("without the other's claim the image is %+v %v", got, err)
	}
}

// TestPullsSideBySide has several images with one layer pulled at once, by two agents.
func TestPullsSideBySide(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	root, from := t.TempDir(), newShelf(t)
	agents := []*store.Store{opened(t, root), opened(t, root)}
	shared := pack(files{"shared": strings.Repeat("x", 1<<20)})
	var packed []string
	for i := range 6 {
		_, packed = from.tag(fmt.Sprint(i), nil, shared, pack(files{"own": fmt.Sprint(i)}))
	}
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			request := from.request("key")
			request.Owner, request.Pull.Tag = fmt.Sprint("o/", i), fmt.Sprint(i)
			if _, err := Put(t.Context(), agents[i%2], incarnation(i+1), request); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	times := 0
	for _, path := range from.forget() {
		if path == "blobs/"+packed[0] {
			times++
		}
	}
	if times != 1 {
		t.Errorf("the layer that all have was fetched %d times", times)
	}
	for i := range 6 {
		check(t, Delete(t.Context(), agents[0], incarnation(i+1)))
	}
	wantNothing(t, agents[0])
}

func TestAPullThatBrokeOffGoesOn(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	root, from := t.TempDir(), newShelf(t)
	noise := make([]byte, 1<<20)
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(noise)
	small := pack(files{"small": "1"})
	_, packed := from.tag("1", nil, small, pack(files{"large": string(noise)}))
	path := "blobs/" + packed[1]
	from.cut[path] = 50_000
	s := opened(t, root)
	ctx, away := context.WithCancel(t.Context())
	go func() {
		defer away()
		for ctx.Err() == nil {
			part, err := os.Stat(s.BlobPath(packed[1]) + ".part")
			if _, small := os.Stat(s.LayerDir(digestOf(small))); small == nil && err == nil && part.Size() == 50_000 {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if _, err := Put(ctx, s, incarnation(1), from.request("key")); !errors.Is(err, context.Canceled) {
		t.Errorf("cut off, it ended with %v", err)
	}
	check(t, s.Close())
	// The next agent sweeps before it is asked.
	s = opened(t, root)
	check(t, s.Sweep(t.Context(), 1<<40))
	from.mu.Lock()
	delete(from.cut, path)
	from.mu.Unlock()
	from.forget()
	_, err := Put(t.Context(), s, incarnation(1), from.request("key"))
	check(t, err)
	asked := blobsOf(from.forget())
	if slices.Contains(asked, "blobs/"+packed[0]) || !slices.Contains(asked, path+" bytes=50000-") {
		t.Errorf("the next try asked for %q", asked)
	}
	check(t, Delete(t.Context(), s, incarnation(1)))
	wantNothing(t, s)
}

// TestWhatCannotBePulledLeavesNothing tries images that are wrong behind their manifest.
func TestWhatCannotBePulledLeavesNothing(t *testing.T) {
	requireRoot(t)
	process := func(member string, value any) func(map[string]any) {
		return func(config map[string]any) { config["config"].(map[string]any)[member] = value }
	}
	for name, c := range map[string]struct {
		change func(config map[string]any)
		layer  []byte
		most   int64
		code   api.Code
		says   string
	}{
		"another layer than the config says": {change: func(c map[string]any) {
			c["rootfs"] = map[string]any{"type": "layers", "diff_ids": []string{digestOf(nil), digestOf(nil)[:70] + "0"}}
		}, code: api.CodeDigestMismatch, says: "contradicts itself"},
		"more layers than the manifest has": {change: func(c map[string]any) {
			c["rootfs"] = map[string]any{"type": "layers", "diff_ids": []string{digestOf(nil)}}
		}, code: api.CodeImageInvalid, says: "lists 1 layers"},
		"a layer that is a path": {change: func(c map[string]any) {
			c["rootfs"] = map[string]any{"type": "layers", "diff_ids": []string{"sha256:../../..", digestOf(nil)}}
		}, code: api.CodeImageInvalid, says: "no sha256 digest"},
		"another system":             {change: func(c map[string]any) { c["os"] = "windows" }, code: api.CodePlatformMissing, says: "windows"},
		"another machine":            {change: func(c map[string]any) { c["architecture"] = "vax" }, code: api.CodePlatformMissing, says: "vax"},
		"a NUL in an argument":       {change: process("Cmd", []string{"a\x00b"}), code: api.CodeImageInvalid, says: "NUL"},
		"a NUL in a variable":        {change: process("Env", []string{"A=\x00"}), code: api.CodeImageInvalid, says: "NUL"},
		"a variable without a name":  {change: process("Env", []string{"=x"}), code: api.CodeImageInvalid, says: "without a name"},
		"arguments that are no list": {change: process("Cmd", "sh"), code: api.CodeImageInvalid, says: "not as the specification"},
		"bytes that unpack to many":  {layer: pack(files{"zeros": strings.Repeat("\x00", 20<<20)}), most: 10 << 20, code: api.CodeTooLarge, says: "maxSize"},
		"names without end":          {layer: manyFolders(20_000), most: 10 << 20, code: api.CodeTooLarge, says: "files"},
		"what leads out of it":       {layer: pack(files{"../../etc/passwd": "x"}), code: api.CodeArchiveEscapes, says: ".."},
		"what is no archive":         {layer: []byte(strings.Repeat("no archive", 1000)), code: api.CodeArchiveInvalid, says: "tar"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, from := opened(t, t.TempDir()), newShelf(t)
			if c.layer == nil {
				c.layer = pack(files{"b": "1"})
			}
			from.tag("1", c.change, pack(files{"a": "1"}), c.layer)
			request := from.request("key")
			if c.most > 0 {
				request.Pull.MaxBytes = c.most
			}
			_, err := Put(t.Context(), s, incarnation(1), request)
			wantProblem(t, err, c.code, c.says)
			wantNothing(t, s)
		})
	}
}

func manyFolders(n int) []byte {
	content := files{}
	for i := range n {
		content[fmt.Sprintf("%d/", i)] = ""
	}
	return pack(content)
}
