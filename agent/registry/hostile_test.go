package registry

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
)

func TestImagesOfBothKindsAreFound(t *testing.T) {
	for name, change := range map[string]func(*shelf){
		"OCI": func(s *shelf) { s.image(nil) },
		"Docker": func(s *shelf) {
			s.image(func(p *parts) {
				p.manifest["mediaType"] = dockerManifest
				p.manifest["config"].(object)["mediaType"] = configTypes[0]
				p.manifest["layers"].([]any)[0].(object)["mediaType"] = layerTypes[1]
			})
		},
		"OCI without a media type of its own": func(s *shelf) {
			manifest, _ := s.image(func(p *parts) { delete(p.manifest, "mediaType") })
			s.on["manifests/latest"] = serve(ociManifest, manifest)
		},
		"served as any JSON": func(s *shelf) {
			manifest, _ := s.image(nil)
			s.on["manifests/latest"] = serve("application/json", manifest)
		},
		"labels that differ in case": func(s *shelf) {
			s.image(func(p *parts) { p.manifest["annotations"] = object{"Name": "a", "name": "b"} })
		},
		"an index with signatures and other platforms": func(s *shelf) {
			manifest, _ := s.image(nil)
			entry := func(os, architecture string, body []byte) object {
				return object{"mediaType": ociManifest, "digest": digestOf(body), "size": len(body),
					"platform": object{"os": os, "architecture": architecture}}
			}
			s.on["manifests/latest"] = serve(ociIndex, encode(object{"schemaVersion": 2, "mediaType": ociIndex, "manifests": []any{
				entry("unknown", "unknown", []byte("a")), entry("windows", runtime.GOARCH, []byte("b")),
				entry("linux", "s390x", []byte("c")), entry("linux", runtime.GOARCH, manifest)}}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t, httptest.NewServer)
			change(s)
			found, err := sources(t, nil, s).Find(t.Context(), "")
			if err != nil || len(found.Layers) != 1 || !strings.Contains(string(found.Config), "linux") {
				t.Errorf("found %+v %v", found, err)
			}
		})
	}
}

// TestHostileRegistries serves what no registry should. None of it is taken, and each sentence says what was wrong.
func TestHostileRegistries(t *testing.T) {
	other := []byte("something else")
	index := func(s *shelf, change func(entry object)) {
		manifest, _ := s.image(nil)
		entry := object{"mediaType": ociManifest, "digest": digestOf(manifest), "size": len(manifest),
			"platform": object{"os": "linux", "architecture": runtime.GOARCH}}
		change(entry)
		s.on["manifests/latest"] = serve(ociIndex, encode(object{"schemaVersion": 2, "mediaType": ociIndex, "manifests": []any{entry}}))
	}
	layer := func(member string, value any) func(*shelf) {
		return func(s *shelf) {
			s.image(func(p *parts) { p.manifest["layers"].([]any)[0].(object)[member] = value })
		}
	}
	manifest := func(change func(object)) func(*shelf) {
		return func(s *shelf) { s.image(func(p *parts) { change(p.manifest) }) }
	}
	raw := func(mediaType, text string) func(*shelf) {
		return func(s *shelf) { s.on["manifests/latest"] = serve(mediaType, []byte(text)) }
	}
	for name, c := range map[string]struct {
		change func(*shelf)
		code   api.Code
		says   string
	}{
		// CVE-2021-41190
		"both an image and an index":       {manifest(func(m object) { m["manifests"] = []any{} }), api.CodeImageInvalid, "members that do not go"},
		"an index with layers":             {manifest(func(m object) { m["mediaType"] = ociIndex; delete(m, "config"); m["manifests"] = []any{} }), api.CodeImageInvalid, "members that do not go"},
		"an image that is an index inside": {manifest(func(m object) { delete(m, "config"); delete(m, "layers"); m["manifests"] = []any{} }), api.CodeImageInvalid, "members that do not go"},
		"served as what it is not": {func(s *shelf) {
			body, _ := s.image(nil)
			s.on["manifests/latest"] = serve(ociIndex, body)
		}, api.CodeImageInvalid, "calls itself"},
		"names twice but for their case":  {manifest(func(m object) { m["Layers"] = []any{} }), api.CodeImageInvalid, "twice"},
		"names twice for Go alone":        {manifest(func(m object) { m["layerſ"] = []any{} }), api.CodeImageInvalid, "twice"},
		"names twice":                     {raw(ociManifest, `{"layers":[],"layers":[]}`), api.CodeImageInvalid, "twice"},
		"more than one document":          {raw(ociManifest, `{} {}`), api.CodeImageInvalid, "more follows"},
		"deep documents":                  {raw(ociManifest, strings.Repeat(`{"a":`, 1000)), api.CodeImageInvalid, "too deep"},
		"no JSON":                         {raw(ociManifest, "<html>"), api.CodeImageInvalid, "no plain JSON"},
		"a manifest without end":          {raw(ociManifest, strings.Repeat(" ", largestManifest+1)), api.CodeImageInvalid, "larger than"},
		"Docker's schema 1":               {raw("application/vnd.docker.distribution.manifest.v1+prettyjws", `{"fsLayers":[]}`), api.CodeImageInvalid, "schema 1"},
		"another kind of thing":           {raw("application/vnd.example.thing+json", `{}`), api.CodeImageInvalid, "application/vnd.example.thing+json"},
		"a chart":                         {manifest(func(m object) { m["config"].(object)["mediaType"] = "application/vnd.cncf.helm.config.v1+json" }), api.CodeImageInvalid, "helm.config"},
		"layers of an unknown type":       {layer("mediaType", "application/vnd.oci.image.layer.v1.tar+br"), api.CodeImageInvalid, "tar+br"},
		"foreign layers":                  {layer("mediaType", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"), api.CodeImageInvalid, "elsewhere"},
		"layers that are not distributed": {layer("mediaType", "application/vnd.oci.image.layer.nondistributable.v1.tar"), api.CodeImageInvalid, "elsewhere"},
		"a digest that is a path":         {layer("digest", "sha256:../../secret"), api.CodeImageInvalid, "no sha256 digest"},
		"another algorithm":               {layer("digest", "md5:d41d8cd98f00b204e9800998ecf8427e"), api.CodeImageInvalid, "no sha256 digest"},
		"less than nothing":               {layer("size", -1), api.CodeImageInvalid, "-1 bytes"},
		"a size that is no number":        {layer("size", "1"), api.CodeImageInvalid, "not as the specification"},
		"a size beyond all numbers":       {layer("size", 1e30), api.CodeImageInvalid, "not as the specification"},
		"a large config":                  {manifest(func(m object) { m["config"].(object)["size"] = largestConfig + 1 }), api.CodeImageInvalid, "its config has"},
		"a config of another size":        {manifest(func(m object) { m["config"].(object)["size"] = 3 }), api.CodeDigestMismatch, "more of them come"},
		"too many layers":                 {manifest(func(m object) { m["layers"] = make([]object, mostLayers+1); fill(m) }), api.CodeImageInvalid, "201 layers"},
		"no layers":                       {manifest(func(m object) { m["layers"] = []any{} }), api.CodeImageInvalid, "0 layers"},
		"an index that lies about sizes":  {func(s *shelf) { index(s, func(e object) { e["size"] = 3 }) }, api.CodeImageInvalid, "its index says 3"},
		"an index that lies about types":  {func(s *shelf) { index(s, func(e object) { e["mediaType"] = dockerManifest }) }, api.CodeImageInvalid, "its index says"},
		"an index with an index":          {func(s *shelf) { index(s, func(e object) { e["mediaType"] = ociIndex }) }, api.CodePlatformMissing, "no platform"},
		"other platforms only":            {func(s *shelf) { index(s, func(e object) { e["platform"].(object)["architecture"] = "vax\x1b[2J" }) }, api.CodePlatformMissing, "vax"},
		"another manifest than the digest": {func(s *shelf) {
			index(s, func(e object) { s.on["manifests/"+e["digest"].(string)] = serve(ociManifest, other) })
		}, api.CodeDigestMismatch, "thrown away"},
		"another config than the digest": {func(s *shelf) {
			s.image(func(p *parts) {
				d := p.manifest["config"].(object)
				s.on["blobs/"+d["digest"].(string)] = serve("", bytes.Repeat([]byte{'x'}, d["size"].(int)))
			})
		}, api.CodeDigestMismatch, "thrown away"},
		"nothing there":         {func(*shelf) {}, api.CodeImageNotFound, "manifests/latest"},
		"redirects in a ring":   {func(s *shelf) { s.on["manifests/latest"] = status(302, "Location", "latest") }, api.CodeImageInvalid, "more than 5"},
		"redirects to a file":   {func(s *shelf) { s.on["manifests/latest"] = status(302, "Location", "file:///etc/passwd") }, api.CodeImageInvalid, "not protected"},
		"redirects to nowhere":  {func(s *shelf) { s.on["manifests/latest"] = status(302) }, api.CodeImageInvalid, "where to"},
		"limits":                {func(s *shelf) { s.on["manifests/latest"] = status(429, "Retry-After", "3600") }, api.CodeRegistryLimited, "1h0m0s"},
		"limits without saying": {func(s *shelf) { s.on["manifests/latest"] = status(429) }, api.CodeRegistryLimited, "for now"},
		"fails":                 {func(s *shelf) { s.on["manifests/latest"] = status(503) }, api.CodeRegistryUnreachable, "503"},
		"strange status":        {func(s *shelf) { s.on["manifests/latest"] = status(418) }, api.CodeRegistryRefused, "418"},
		"says what a terminal obeys": {func(s *shelf) {
			s.on["manifests/latest"] = func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(403)
				_, _ = w.Write([]byte("{\"errors\":[{\"code\":\"DENIED\",\"message\":\"\x1b[31m" + strings.Repeat("no ", 1000) + "\"}]}"))
			}
		}, api.CodeRegistryRefused, "no no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShelf(t, httptest.NewServer)
			c.change(s)
			_, err := sources(t, nil, s).Find(t.Context(), "")
			wantProblem(t, err, c.code, c.says)
			if err != nil && (strings.ContainsAny(err.Error(), "\x1b\n") || len(err.Error()) > 1000) {
				t.Errorf("the sentence is not fit to be shown: %q", err)
			}
		})
	}
}

func fill(manifest object) {
	for i := range manifest["layers"].([]object) {
		manifest["layers"].([]object)[i] = object{"mediaType": layerTypes[0], "digest": digestOf(nil), "size": 0}
	}
}

func TestPlatformsThatSuit(t *testing.T) {
	for _, c := range []struct {
		has, wanted string
		suits       bool
	}{
		{"linux/amd64", "linux/amd64", true},
		{"linux/arm64", "linux/amd64", false},
		{"windows/amd64", "linux/amd64", false},
		{"linux/arm64/v8", "linux/arm64", true},
		{"linux/arm64", "linux/arm64/v8", true},
		{"linux/amd64/v3", "linux/amd64", false},
		{"linux/arm/v6", "linux/arm/v7", true},
		{"linux/arm/v7", "linux/arm/v6", false},
	} {
		if got := ParsePlatform(c.has).suits(ParsePlatform(c.wanted)) > 0; got != c.suits {
			t.Errorf("%s for %s: %v", c.has, c.wanted, got)
		}
	}
}
