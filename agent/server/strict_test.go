package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
)

// TestGoldenRequestsAreTaken by the reader that real requests go through, with its rules, and none with a field too many.
func TestGoldenRequestsAreTaken(t *testing.T) {
	for name, fresh := range map[string]func() any{
		"HostRequest":      func() any { return new(api.HostRequest) },
		"LayerRequest":     func() any { return new(api.LayerRequest) },
		"ImageRequest":     func() any { return new(api.ImageRequest) },
		"CgroupRequest":    func() any { return new(api.CgroupRequest) },
		"ContainerRequest": func() any { return new(api.ContainerRequest) },
	} {
		files, err := filepath.Glob("../../test/api/golden/" + name + ".*.json")
		if err != nil || len(files) == 0 {
			t.Errorf("%s has no golden file: %v", name, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			request := fresh()
			if err := decodeStrictly(text, request); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			var broken failures
			validatorOf(request).validate(&broken)
			if err := broken.problem(); err != nil {
				t.Errorf("%s: %v", file, err)
			}
			strange := strings.Replace(string(text), "{", `{"strange":true,`, 1)
			if err := decodeStrictly([]byte(strange), fresh()); err == nil {
				t.Errorf("%s: a strange field was taken", file)
			}
		}
	}
}
