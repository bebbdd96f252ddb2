package server

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
)

// codes reads the codes from the contract's source, so that none can be added and forgotten elsewhere.
func codes(t *testing.T) []api.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../api/problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []api.Code
	ast.Inspect(file, func(node ast.Node) bool {
		if spec, is := node.(*ast.ValueSpec); is && strings.HasPrefix(spec.Names[0].Name, "Code") {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, api.Code(value))
		}
		return true
	})
	if len(found) < 10 {
		t.Fatalf("only %d codes found in the contract: is this test still reading the right file?", len(found))
	}
	return found
}

func TestEveryCodeHasAKindAndAPlaceInTheDocuments(t *testing.T) {
	document, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range codes(t) {
		if kind := kinds[code]; kind.status < 400 || kind.title == "" {
			t.Errorf("%s has no status and title in kinds.go", code)
		}
		if !strings.Contains(string(document), "| `"+string(code)+"` ") {
			t.Errorf("%s is not in docs/errors.md", code)
		}
	}
}
