package registry

import (
	"fmt"
	"slices"
	"strings"

	"pulumi-slipway/agent/api"
)

// Platform is what an image runs on, in Go's words.
type Platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
}

// ParsePlatform reads "os/architecture" or "os/architecture/variant".
func ParsePlatform(text string) Platform {
	parts := append(strings.SplitN(text, "/", 3), "", "")
	return Platform{parts[0], parts[1], parts[2]}
}

// String is the form that ParsePlatform reads.
func (p Platform) String() string {
	return strings.TrimSuffix(p.OS+"/"+p.Architecture+"/"+p.Variant, "/")
}

// suits tells how well an image for a platform goes with the one that is wanted: 0 not at all, else the more the better.
func (p Platform) suits(wanted Platform) int {
	if p.OS != wanted.OS || p.Architecture != wanted.Architecture {
		return 0
	}
	// arm64 has had one variant that matters, and who leaves it out means that.
	usual := map[string]string{"arm64": "v8", "amd64": "v1"}[p.Architecture]
	switch {
	case p.Variant == wanted.Variant:
		return 4
	case wanted.Variant == "" && p.Variant == usual || wanted.Variant == usual && p.Variant == "":
		return 3
	case p.Architecture == "arm" && wanted.Variant > p.Variant && p.Variant != "":
		return 2 // v7 runs v6
	default:
		return 0
	}
}

// choose picks the manifest of an index that suits best. The first of several equals counts, as elsewhere.
func (r *Repository) choose(index manifest, wanted Platform) (Descriptor, error) {
	best, found := 0, Descriptor{}
	var has []string
	for _, d := range index.manifests {
		if d.Platform == nil || !isManifest(d.MediaType) || d.Platform.OS == "unknown" {
			continue // an index in the index, or signatures and the like
		}
		if fit := d.Platform.suits(wanted); fit > best {
			best, found = fit, d
		}
		has = append(has, printable(d.Platform.String()))
	}
	if best > 0 {
		return found, nil
	}
	slices.Sort(has)
	has = slices.Compact(has)
	if len(has) > 20 {
		has = append(has[:20], "…")
	}
	return found, r.platformMissing(wanted, strings.Join(has, ", "))
}

func (r *Repository) platformMissing(wanted Platform, has string) error {
	if has == "" {
		has = "no platform at all"
	}
	return &api.Problem{Code: api.CodePlatformMissing, Step: "choose the platform", Object: r.String(),
		Detail: fmt.Sprintf("%s is not there for %s, but for %s; use a host of such an architecture, or set `platform` if the host can "+
			"run that one", r, wanted, has)}
}
