package registry

import (
	"crypto/sha256"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"pulumi-slipway/agent/api"
)

// shelf is a registry that serves what a test puts on it, right or wrong. No real one would serve most of it.
type shelf struct {
	*httptest.Server
	mu sync.Mutex
	// on is what is served, by path below /v2/app/.
	on   map[string]http.HandlerFunc
	seen []*http.Request
}

func newShelf(t *testing.T, start func(http.Handler) *httptest.Server) *shelf {
	t.Helper()
	s := &shelf{on: map[string]http.HandlerFunc{}}
	s.Server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, r.Clone(t.Context()))
		handler := s.on[strings.TrimPrefix(r.URL.Path, "/v2/app/")]
		s.mu.Unlock()
		if handler == nil {
			handler = http.NotFound
		}
		handler(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what some tests are about
	t.Cleanup(s.Close)
	return s
}

// requests are those for a path.
func (s *shelf) requests(path string) []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []*http.Request
	for _, request := range s.seen {
		if strings.HasPrefix(request.URL.Path, path) {
			found = append(found, request)
		}
	}
	return found
}

func serve(mediaType string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		_, _ = w.Write(body)
	}
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Add(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func digestOf(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

// object is a JSON object in the making.
type object = map[string]any

func encode(value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return data
}

// put serves a blob and answers its descriptor.
func (s *shelf) put(mediaType string, data []byte) object {
	s.on["blobs/"+digestOf(data)] = serve("application/octet-stream", data)
	return object{"mediaType": mediaType, "digest": digestOf(data), "size": len(data)}
}

// parts are those of an image before they are put on a shelf; a case changes them.
type parts struct {
	config, manifest object
	layer            []byte
}

// image puts an image on the shelf under the tag "latest" and its digest, after a change.
func (s *shelf) image(change func(*parts)) (manifest []byte, layer Descriptor) {
	p := parts{config: object{"os": "linux", "architecture": runtime.GOARCH}, layer: []byte(strings.Repeat("layer", 1000))}
	config := s.put("application/vnd.oci.image.config.v1+json", encode(p.config))
	p.manifest = object{"schemaVersion": 2, "mediaType": ociManifest, "config": config,
		"layers": []any{s.put("application/vnd.oci.image.layer.v1.tar+gzip", p.layer)}}
	if change != nil {
		change(&p)
	}
	manifest = encode(p.manifest)
	served, _ := p.manifest["mediaType"].(string)
	s.on["manifests/latest"] = serve(served, manifest)
	s.on["manifests/"+digestOf(manifest)] = serve(served, manifest)
	return manifest, Descriptor{Digest: digestOf(p.layer), Size: int64(len(p.layer))}
}

// sources pulls from shelves, the last of which is the registry; patience is short.
func sources(t *testing.T, change func(*api.Pull), shelves ...*shelf) *Sources {
	t.Helper()
	pull := api.Pull{Reference: "app", Tag: "latest", MaxBytes: 1 << 30}
	for _, s := range shelves {
		place := api.RegistryPlace{Address: strings.TrimPrefix(strings.TrimPrefix(s.URL, "http://"), "https://"), Repository: "app"}
		if s.TLS != nil {
			place.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
		} else {
			place.Insecure = true
		}
		pull.Places = append(pull.Places, place)
	}
	if change != nil {
		change(&pull)
	}
	opened, err := Open(pull)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range opened.where {
		r.pause = time.Millisecond
	}
	t.Cleanup(opened.Close)
	return opened
}

func wantProblem(t *testing.T, err error, code api.Code, says string) {
	t.Helper()
	problem := (*api.Problem)(nil)
	if !errors.As(err, &problem) || problem.Code != code || !strings.Contains(problem.Detail, says) {
		t.Errorf("got %v, want a problem %s that says %q", err, code, says)
	}
}

// file is an archive on its way, which holds a beginning.
func file(t *testing.T, holds []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "part")
	if err := os.WriteFile(path, holds, 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	return opened
}

func nothing(int64) {}
