package registry

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"pulumi-slipway/agent/api"
)

// TestDownloadsGoOn has a file hold some of a layer before and the registry send it in some way. Where it is not
// refused, the file holds the layer in the end.
func TestDownloadsGoOn(t *testing.T) {
	layer := bytes.Repeat([]byte("0123456789"), 5000)
	part := func(w http.ResponseWriter, r *http.Request, most int) {
		from := 0
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		if from > 0 {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(layer)-1, len(layer)))
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(layer)-from))
		if from > 0 {
			w.WriteHeader(206)
		}
		_, _ = w.Write(layer[from:min(len(layer), from+most)])
	}
	whole := func(w http.ResponseWriter, r *http.Request) { part(w, r, len(layer)) }
	once := func(first, then http.HandlerFunc) http.HandlerFunc {
		asked := 0
		return func(w http.ResponseWriter, r *http.Request) {
			if asked++; asked == 1 {
				first(w, r)
				return
			}
			then(w, r)
		}
	}
	for name, c := range map[string]struct {
		holds []byte
		sends http.HandlerFunc
		// asks are the requests' ranges.
		asks []string
		code api.Code
		says string
	}{
		"from nothing":            {nil, whole, []string{""}, "", ""},
		"in pieces":               {nil, func(w http.ResponseWriter, r *http.Request) { part(w, r, 20_000) }, []string{"", "bytes=20000-", "bytes=40000-"}, "", ""},
		"with what came before":   {layer[:30_000], whole, []string{"bytes=30000-"}, "", ""},
		"with all of it":          {layer, whole, nil, "", ""},
		"with something else":     {[]byte("something else"), whole, []string{"bytes=14-", ""}, "", ""},
		"with more than there is": {append([]byte("x"), layer...), whole, []string{""}, "", ""},
		"without ranges":          {layer[:30_000], serve("", layer), []string{"bytes=30000-"}, "", ""},
		"after a failure":         {layer[:10], once(status(502), whole), []string{"bytes=10-", "bytes=10-"}, "", ""},
		"after a short limit":     {nil, once(status(429, "Retry-After", "0"), whole), []string{"", ""}, "", ""},
		"after silence": {nil, once(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(layer)))
			_, _ = w.Write(layer[:100])
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, whole), []string{"", "bytes=100-"}, "", ""},
		"another part": {layer[:10], func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(layer)-1, len(layer)))
			w.WriteHeader(206)
			_, _ = w.Write(layer)
		}, []string{"bytes=10-"}, api.CodeImageInvalid, "another part"},
		"other bytes":    {nil, serve("", bytes.Repeat([]byte("x"), len(layer))), []string{""}, api.CodeDigestMismatch, "thrown away"},
		"too many bytes": {nil, serve("", append(layer, 'x')), []string{""}, api.CodeDigestMismatch, "more of them come"},
		"without end": {nil, func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = w.Write(layer)
			}
		}, []string{""}, api.CodeDigestMismatch, "more of them come"},
		"never to an end": {nil, func(w http.ResponseWriter, _ *http.Request) {
			// Before the headers net/http would try again by itself.
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, []string{"", "", "", "", ""}, api.CodeRegistryUnreachable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, httptest.NewServer)
			d := Descriptor{Digest: digestOf(layer), Size: int64(len(layer))}
			s.on["blobs/"+d.Digest] = c.sends
			from := sources(t, nil, s)
			from.where[0].silence = 300 * time.Millisecond
			into, count := file(t, c.holds), int64(0)
			err := from.Fetch(t.Context(), d, into, func(n int64) { count += n })
			var asked []string
			for _, request := range s.requests("/v2/app/blobs") {
				asked = append(asked, request.Header.Get("Range"))
			}
			if strings.Join(asked, ",") != strings.Join(c.asks, ",") || len(asked) != len(c.asks) {
				t.Errorf("asked for %q, want %q", asked, c.asks)
			}
			if c.code != "" {
				wantProblem(t, err, c.code, c.says)
				return
			}
			got, _ := os.ReadFile(into.Name())
			if err != nil || !bytes.Equal(got, layer) || count != int64(len(layer)) {
				t.Errorf("got %d bytes, counted %d, %v", len(got), count, err)
			}
		})
	}
}

func TestMirrorsComeFirstAndAreNotTrusted(t *testing.T) {
	for name, c := range map[string]struct {
		mirror func(s *shelf, layer Descriptor)
		// asked tells whether the registry itself has to be asked for the layer.
		asked bool
	}{
		"one that has all":    {func(s *shelf, _ Descriptor) {}, false},
		"one that is gone":    {func(s *shelf, _ Descriptor) { s.Close() }, true},
		"one that has it not": {func(s *shelf, d Descriptor) { delete(s.on, "blobs/"+d.Digest) }, true},
		"one that lies": {func(s *shelf, d Descriptor) {
			s.on["blobs/"+d.Digest] = serve("", bytes.Repeat([]byte("x"), int(d.Size)))
		}, true},
		"one that limits": {func(s *shelf, d Descriptor) { s.on["blobs/"+d.Digest] = status(429, "Retry-After", "3600") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			mirror, registry := newShelf(t, httptest.NewServer), newShelf(t, httptest.NewServer)
			mirror.image(nil)
			_, layer := registry.image(nil)
			c.mirror(mirror, layer)
			from := sources(t, withPassword, mirror, registry)
			found, err := from.Find(t.Context(), "")
			if err == nil {
				err = from.Fetch(t.Context(), found.Layers[0], file(t, nil), nothing)
			}
			if err != nil {
				t.Error(err)
			}
			if asked := len(registry.requests("/v2/app/blobs/"+layer.Digest)) > 0; asked != c.asked {
				t.Errorf("the registry was asked: %v", asked)
			}
		})
	}
	gone, registry := newShelf(t, httptest.NewServer), newShelf(t, httptest.NewServer)
	gone.Close()
	_, err := sources(t, nil, gone, registry).Find(t.Context(), "")
	wantProblem(t, err, api.CodeImageNotFound, "before that:")
}
