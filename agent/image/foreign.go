package image

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/registry"
)

var digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// checkForeign judges a configuration that others wrote and answers the diff ids of its layers. What it says beyond what
// readConfiguration takes, such as volumes, ports, and what to run while building, is kept in the file, because the
// image's id is its digest, and read by nobody.
func checkForeign(data []byte, layers int, wanted registry.Platform, name string) ([]string, error) {
	invalid := func(format string, values ...any) error {
		return &api.Problem{Code: api.CodeImageInvalid, Step: "read the config", Object: name,
			Detail: fmt.Sprintf("the config of %s %s", name, fmt.Sprintf(format, values...))}
	}
	var read struct {
		configuration
		Variant string `json:"variant"`
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return nil, invalid("is not as the specification says: %q", err.Error())
	}
	is := registry.Platform{OS: read.OS, Architecture: read.Architecture}
	if is.OS != wanted.OS || is.Architecture != wanted.Architecture {
		return nil, &api.Problem{Code: api.CodePlatformMissing, Step: "choose the platform", Object: name,
			Detail: fmt.Sprintf("%s is for %q, not for %s; use a host of such an architecture, or set `platform` if the host can run that one",
				name, is, wanted)}
	}
	if read.RootFS.Type != "layers" || len(read.RootFS.DiffIDs) != layers {
		return nil, invalid("lists %d layers, its manifest %d", len(read.RootFS.DiffIDs), layers)
	}
	for _, digest := range read.RootFS.DiffIDs {
		if !digestForm.MatchString(digest) {
			return nil, invalid("has %q among its layers, which is no sha256 digest", digest)
		}
	}
	// What execve(2) is given can hold no NUL, and a variable's name no "=".
	process := read.Config
	words := append(append([]string{process.User, process.WorkingDir, process.StopSignal}, process.Entrypoint...), process.Cmd...)
	for _, word := range append(words, process.Env...) {
		if strings.Contains(word, "\x00") {
			return nil, invalid("has %q, with a NUL in it", word)
		}
	}
	for _, variable := range process.Env {
		if strings.HasPrefix(variable, "=") || variable == "" {
			return nil, invalid("has a variable without a name: %q", variable)
		}
	}
	return read.RootFS.DiffIDs, nil
}
