package api_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
)

const golden = "../../test/api/golden"

// types are those that have golden files. The other side of the table is in test/api/api.test.ts.
var types = map[string]func() any{
	"HostRequest":      func() any { return new(api.HostRequest) },
	"HostFacts":        func() any { return new(api.HostFacts) },
	"HostAnswer":       func() any { return new(api.HostAnswer) },
	"LayerRequest":     func() any { return new(api.LayerRequest) },
	"LayerAnswer":      func() any { return new(api.LayerAnswer) },
	"ImageRequest":     func() any { return new(api.ImageRequest) },
	"ImageAnswer":      func() any { return new(api.ImageAnswer) },
	"CgroupRequest":    func() any { return new(api.CgroupRequest) },
	"CgroupAnswer":     func() any { return new(api.CgroupAnswer) },
	"ContainerRequest": func() any { return new(api.ContainerRequest) },
	"ContainerAnswer":  func() any { return new(api.ContainerAnswer) },
	"Inventory":        func() any { return new(api.Inventory) },
	"Stats":            func() any { return new(api.Stats) },
	"Problem":          func() any { return new(api.Problem) },
}

func TestGoldenFilesAreReadStrictlyAndWrittenBack(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(golden, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		seen[name] = true
		t.Run(filepath.Base(file), func(t *testing.T) { readAndWriteBack(t, file, types[name]) })
	}
	for name := range types {
		if !seen[name] {
			t.Errorf("%s has no golden file", name)
		}
	}
}

func readAndWriteBack(t *testing.T, file string, fresh func() any) {
	if fresh == nil {
		t.Fatal("there is no such type")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	value := fresh()
	if err := readStrictly(text, value); err != nil {
		t.Fatal(err)
	}
	var want, got bytes.Buffer
	if err := json.Compact(&want, text); err != nil {
		t.Fatal(err)
	}
	encoder := json.NewEncoder(&got)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	// encoding/json always escapes this separator, JSON.stringify never does.
	back := strings.TrimSpace(strings.ReplaceAll(got.String(), `\u2028`, "\u2028"))
	if back != want.String() {
		t.Errorf("written back:\n got %s\nwant %s", back, want.String())
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	strange(tree, func(path string) {
		with, _ := json.Marshal(tree)
		if err := readStrictly(with, fresh()); err == nil {
			t.Errorf("a strange field was accepted in `%s`", path)
		}
	}, "")
}

// strange calls back once for every object of a tree, while that object has a field that the contract lacks.
func strange(tree any, check func(path string), path string) {
	switch node := tree.(type) {
	case []any:
		for _, element := range node {
			strange(element, check, path+"[]")
		}
	case map[string]any:
		for name, value := range node {
			// These two hold what the user likes.
			if name != "env" && name != "labels" {
				strange(value, check, path+"."+name)
			}
		}
		node["strange"] = true
		check(path)
		delete(node, "strange")
	}
}

func readStrictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}
