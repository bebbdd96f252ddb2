package image

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/layer"
	"pulumi-slipway/agent/store"
)

func wantProblem(t *testing.T, err error, code api.Code, says string) {
	t.Helper()
	problem := (*api.Problem)(nil)
	if !errors.As(err, &problem) || problem.Code != code || !strings.Contains(problem.Detail, says) {
		t.Errorf("got %v, want a problem %s that says %q", err, code, says)
	}
}

func TestTheLifeOfAnImage(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	s := opened(t, t.TempDir())
	base := mustPutLayer(t, s, 1, "o/base", files{"a": "12345"})
	site := mustPutLayer(t, s, 2, "o/site", files{"b": "123"})
	config := api.ImageConfig{
		Entrypoint: []string{"/bin/sh", "-c"}, Command: []string{"httpd"}, Env: map[string]string{"B": "2=3", "A": ""},
		WorkingDir: "/srv", User: "www", StopSignal: "SIGQUIT", Labels: map[string]string{"l": "v"},
	}
	request := api.ImageRequest{Owner: "o/image", ContentKey: "key", Layers: []api.Reference{base, site}, Config: &config}
	first, err := Put(t.Context(), s, incarnation(3), request)
	check(t, err)
	if first.SizeBytes != 8 || len(first.Layers) != 2 || !first.Intact || !strings.HasPrefix(first.ImageID, "sha256:") {
		t.Errorf("answered %+v", first)
	}
	for _, again := range []func() (api.ImageAnswer, error){
		func() (api.ImageAnswer, error) { return Put(t.Context(), s, incarnation(3), request) },
		func() (api.ImageAnswer, error) { return Get(t.Context(), s, incarnation(3)) },
	} {
		if got, err := again(); err != nil || !reflect.DeepEqual(got, first) {
			t.Errorf("got %+v %v, want %+v", got, err, first)
		}
	}
	found := resolved(t, s, "o/image")
	if !reflect.DeepEqual(found.Config, config) || found.ImageID != first.ImageID || len(found.Trees) != 2 {
		t.Errorf("resolved %+v", found)
	}
	if content, err := os.ReadFile(filepath.Join(found.Trees[0], "a")); string(content) != "12345" {
		t.Errorf("the lowest layer holds %q %v", content, err)
	}
	found.Release()

	// The order of the layers and the configuration are the image.
	request.Layers = []api.Reference{site, base}
	second, err := Put(t.Context(), s, incarnation(4), request)
	check(t, err)
	if second.ImageID == first.ImageID || second.Slot != first.Slot {
		t.Errorf("turned around, the image is %+v, it was %+v", second, first)
	}
	_, err = Get(t.Context(), s, incarnation(3))
	wantProblem(t, err, api.CodeGone, "there is no image")

	// Layers that are no longer claimed stay for the image, and go with it.
	check(t, layer.Delete(t.Context(), s, incarnation(1)))
	check(t, layer.Delete(t.Context(), s, incarnation(2)))
	if got, err := Get(t.Context(), s, incarnation(4)); err != nil || !got.Intact {
		t.Errorf("without claims on its layers the image is %+v %v", got, err)
	}
	check(t, Delete(t.Context(), s, incarnation(4)))
	check(t, Delete(t.Context(), s, incarnation(4)))
	wantNothing(t, s)
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	s := opened(t, t.TempDir())
	base := mustPutLayer(t, s, 1, "o/base", files{"a": "x"})
	_, err := Put(t.Context(), s, incarnation(2), api.ImageRequest{Owner: "o/image", ContentKey: "key",
		Layers: []api.Reference{base, {Owner: "o/none", ContentKey: "k"}}})
	wantProblem(t, err, api.CodeReferenceMissing, "o/none")
	_, err = Resolve(t.Context(), s, api.Reference{Owner: "o/image", ContentKey: "key"})
	wantProblem(t, err, api.CodeReferenceMissing, "o/image")

	made := putImage(t, s, 2, "o/image", base)
	check(t, os.RemoveAll(s.LayerTree(made.Layers[0])))
	if got, err := Get(t.Context(), s, incarnation(2)); err != nil || got.Intact {
		t.Errorf("with a damaged layer the image is %+v %v", got, err)
	}
	_, err = Resolve(t.Context(), s, api.Reference{Owner: "o/image", ContentKey: "key"})
	wantProblem(t, err, api.CodeContentDamaged, "up --refresh")
	_, err = Put(t.Context(), s, incarnation(2), api.ImageRequest{Owner: "o/image", ContentKey: "key", Layers: []api.Reference{base}})
	wantProblem(t, err, api.CodeContentDamaged, "o/base")
	mustPutLayer(t, s, 1, "o/base", files{"a": "x"})
	if again := putImage(t, s, 2, "o/image", base); !reflect.DeepEqual(again, made) {
		t.Errorf("repaired, the image is %+v, it was %+v", again, made)
	}

	for _, damage := range []func() error{
		func() error {
			return os.WriteFile(filepath.Join(s.ImageDir(made.ImageID), configName), []byte("{}"), 0o600)
		},
		func() error { return os.Remove(filepath.Join(s.ImageDir(made.ImageID), store.RecordName)) },
		func() error { return os.RemoveAll(s.ImageDir(made.ImageID)) },
	} {
		check(t, damage())
		if got, err := Get(t.Context(), s, incarnation(2)); err != nil || got.Intact || got.Layers == nil {
			t.Errorf("damaged, the image is %+v %v", got, err)
		}
		_, err = Resolve(t.Context(), s, api.Reference{Owner: "o/image", ContentKey: "key"})
		wantProblem(t, err, api.CodeContentDamaged, "o/image")
		putImage(t, s, 2, "o/image", base)
	}
}

// TestAContainerKeepsItsImage by its record, after every claim is gone.
func TestAContainerKeepsItsImage(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	s := opened(t, t.TempDir())
	putImage(t, s, 2, "o/image", mustPutLayer(t, s, 1, "o/base", files{"tmp/": "1777", "a": "x"}),
		mustPutLayer(t, s, 3, "o/top", files{"tmp/b": "x"}))
	found := resolved(t, s, "o/image")
	slot, err := s.Enter(t.Context(), store.Containers, incarnation(4), "o/container")
	check(t, err)
	check(t, slot.MakeDir())
	check(t, os.Mkdir(s.ContainerDir(slot.ID, incarnation(4)), 0o700))
	check(t, s.WriteRecord(filepath.Join(s.ContainerDir(slot.ID, incarnation(4)), store.RecordName), found.Pins))
	found.Release()

	check(t, Delete(t.Context(), s, incarnation(2)))
	check(t, layer.Delete(t.Context(), s, incarnation(1)))
	check(t, layer.Delete(t.Context(), s, incarnation(3)))
	check(t, s.Sweep(t.Context(), 0))
	again, err := Known(t.Context(), s, found.Pins)
	check(t, err)
	if len(again.Trees) != 3 || !reflect.DeepEqual(again.Trees, found.Trees) {
		t.Errorf("the container had %q and has %q", found.Trees, again.Trees)
	}
	again.Release()
	check(t, s.Discard(s.ContainerDir(slot.ID, incarnation(4))))
	slot.Release()
	check(t, s.Collect(t.Context(), found.Pins))
	wantNothing(t, s)
}
