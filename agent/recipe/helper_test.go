package recipe

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// A recipe is forked from a process of its own, whose descriptor 3 is the pipe for failures, as in the monitor.
const helperVariable = "SLIPWAY_RECIPE_HELPER"

// outcome is what a process saw that carried out a recipe.
type outcome struct {
	Before, Child, After Failure
	Status               int
	Output               string
}

func TestMain(m *testing.M) {
	if path := os.Getenv(helperVariable); path != "" {
		if err := carryOut(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func carryOut(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	mapped, err := Map(int(file.Fd()))
	if err != nil {
		return err
	}
	defer mapped.Unmap()
	mapped.Set(Stdout, 1)
	before := mapped.Before()
	pid, _, err := mapped.Fork()
	if err != nil {
		return fmt.Errorf("fork: %w", err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
		return err
	}
	return json.NewEncoder(os.Stderr).Encode(outcome{Before: before, After: mapped.After(), Status: status.ExitStatus()})
}

// carriedOut runs a recipe in a process of its own.
func carriedOut(t *testing.T, r *Recipe) outcome {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recipe")
	if err := os.WriteFile(path, r.Encode(), 0o600); err != nil {
		t.Fatal(err)
	}
	failures, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer failures.Close()
	// CLOEXEC is off for descriptor 3 of the helper, and the programs executed here do not hold it for long.
	helper := exec.Command("/proc/self/exe")
	helper.Env = []string{helperVariable + "=" + path}
	helper.ExtraFiles = []*os.File{write}
	report, stdout := new(writer), new(writer)
	helper.Stderr, helper.Stdout = report, stdout
	err = helper.Run()
	write.Close()
	if err != nil {
		t.Fatalf("%v: %s", err, report.bytes)
	}
	var seen outcome
	if err := json.Unmarshal(report.bytes, &seen); err != nil {
		t.Fatalf("%v: %s", err, report.bytes)
	}
	data, err := io.ReadAll(failures)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) == 8 {
		seen.Child = Failure{uint32(data[0]), syscall.Errno(data[4])}
	}
	seen.Output = string(stdout.bytes)
	return seen
}

type writer struct{ bytes []byte }

func (w *writer) Write(data []byte) (int, error) {
	w.bytes = append(w.bytes, data...)
	return len(data), nil
}
