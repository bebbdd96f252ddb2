package image

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/layer"
	"pulumi-slipway/agent/store"
)

func sorted(content files) []string { return slices.Sorted(maps.Keys(content)) }

// TestMain lets a test run this binary as an agent that can be killed: `helper-work ROOT NUMBER`.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "helper-work" {
		s, err := store.Open(filepath.Join(os.Args[2], "root"), filepath.Join(os.Args[2], "run"))
		if err == nil {
			number, _ := strconv.Atoi(os.Args[3])
			err = work(context.Background(), s, 100*number)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// work makes layers and an image, replaces them, and deletes them all; n numbers the incarnations.
func work(ctx context.Context, s *store.Store, n int) error {
	base := files{"etc/": "", "etc/hosts": "localhost"}
	for i := range 150 {
		base[fmt.Sprintf("usr/lib/%d/%d", i%7, i)] = strings.Repeat("x", i*30)
	}
	for round, site := range []string{"one", "two"} {
		below, err := putLayer(ctx, s, n+10*round+1, "o/base", pack(base))
		if err != nil {
			return err
		}
		above, err := putLayer(ctx, s, n+10*round+2, "o/site", pack(files{"site/": "", "site/index.html": site}))
		if err != nil {
			return err
		}
		_, err = Put(ctx, s, incarnation(n+10*round+3), api.ImageRequest{
			Owner: "o/image", ContentKey: site, Layers: []api.Reference{below, above},
		})
		if err != nil {
			return err
		}
	}
	for _, number := range []int{13, 12, 11} {
		remove := layer.Delete
		if number == 13 {
			remove = Delete
		}
		if err := remove(ctx, s, incarnation(n+number)); err != nil {
			return err
		}
	}
	return nil
}

// TestKilledAnywhere kills an agent at moments spread over its work. What is visible then is whole, Sweep removes the
// rest, and the next agent does its work on what was left.
func TestKilledAnywhere(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	root, kills := t.TempDir(), 40
	s := opened(t, root)
	run := func(number int, killAfter time.Duration) (time.Duration, bool) {
		began := time.Now()
		command := exec.Command("/proc/self/exe", "helper-work", root, strconv.Itoa(number))
		var out bytes.Buffer
		command.Stderr = &out
		check(t, command.Start())
		if killAfter >= 0 {
			timer := time.AfterFunc(killAfter, func() { _ = command.Process.Kill() })
			defer timer.Stop()
		}
		err := command.Wait()
		killed := err != nil && err.Error() == "signal: killed"
		if err != nil && !killed {
			t.Fatalf("the agent failed: %v\n%s", err, &out)
		}
		return time.Since(began), killed
	}
	whole := time.Hour
	for i := range 3 { // the first is slower, and others may be busy
		took, _ := run(i, -1)
		whole = min(whole, took)
		wantNothing(t, s)
	}
	hit := 0
	for i := range kills {
		took, killed := run(i+3, whole*time.Duration(i)/time.Duration(kills))
		if killed {
			hit++
		} else {
			whole = min(whole, took) // those who kept the machine busy before have stopped
		}
		check(t, s.Sweep(t.Context(), 0))
		wantWhole(t, s)
	}
	if hit < kills/2 {
		t.Errorf("only %d of %d kills came before the end", hit, kills)
	}
	run(kills+3, -1)
	check(t, s.Sweep(t.Context(), 0))
	wantNothing(t, s)
}

// wantWhole checks that everything on the host is claimed and intact.
func wantWhole(t *testing.T, s *store.Store) {
	t.Helper()
	layers, err := layer.List(t.Context(), s)
	check(t, err)
	images, err := List(t.Context(), s)
	check(t, err)
	used := map[string]bool{}
	for _, layer := range layers {
		used[layer.Digest] = true
		if !layer.Intact || layer.Owner == "" {
			t.Errorf("a layer is not whole: %+v", layer)
		}
	}
	for _, image := range images {
		used[image.ImageID] = true
		for _, layer := range image.Layers {
			used[layer] = true
		}
		if !image.Intact || image.Owner == "" {
			t.Errorf("an image is not whole: %+v", image)
		}
	}
	for _, path := range left(t, s) {
		folder, rest, _ := strings.Cut(path, "/")
		name, _, _ := strings.Cut(rest, "/")
		switch folder {
		case "layers", "images":
			if !used["sha256:"+name] {
				t.Errorf("nobody owns %s", path)
			}
		case "slots", "claims":
		default:
			t.Errorf("left after the sweep: %s", path)
		}
	}
}
