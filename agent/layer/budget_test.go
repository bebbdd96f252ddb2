package layer

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
)

// TestABudgetEndsWhatUnpacksToTooMuch is about archives that are small as they are sent.
func TestABudgetEndsWhatUnpacksToTooMuch(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	holes := filepath.Join(t.TempDir(), "holes")
	if err := os.WriteFile(holes, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(holes, 1<<42); err != nil {
		t.Fatal(err)
	}
	sparse, err := exec.Command("tar", "--sparse", "--create", "--directory", filepath.Dir(holes), "holes").Output()
	if err != nil {
		t.Fatal(err)
	}
	var many []entry
	for range 3000 {
		many = append(many, file("one", ""))
	}
	for name, c := range map[string]struct {
		archive []byte
		fits    bool
	}{
		"zeros":         {compressed(pack(file("zeros", strings.Repeat("\x00", 9<<20)))), false},
		"holes":         {sparse, false},
		"files":         {pack(many...), false},
		"what has room": {compressed(pack(file("zeros", strings.Repeat("\x00", 7<<20)))), true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := unpack(t.Context(), t.TempDir(), bytes.NewReader(c.archive), NewBudget(8<<20))
			if c.fits && err != nil {
				t.Error(err)
			}
			if !c.fits {
				checkProblem(t, err, api.CodeTooLarge, "maxSize")
			}
		})
	}
}
