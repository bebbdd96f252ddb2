package image

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

// inOverlay mounts an image as a container has it, in a mount namespace of its own, and looks at it there.
func inOverlay(t *testing.T, trees []string, look func(root string)) {
	t.Helper()
	done := make(chan error)
	folder := t.TempDir()
	go func() {
		// The thread ends with the goroutine, and with it the namespace.
		runtime.LockOSThread()
		done <- func() error {
			if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
				return fmt.Errorf("unshare: %w", err)
			}
			if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
				return fmt.Errorf("make mounts private: %w", err)
			}
			for _, name := range []string{"upper", "work", "root"} {
				if err := os.Mkdir(filepath.Join(folder, name), 0o755); err != nil {
					return err
				}
			}
			lower := slices.Clone(trees)
			slices.Reverse(lower)
			options := fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", strings.Join(lower, ":"), folder, folder)
			if err := unix.Mount("overlay", filepath.Join(folder, "root"), "overlay", 0, options); err != nil {
				return fmt.Errorf("mount %s: %w", options, err)
			}
			look(filepath.Join(folder, "root"))
			return nil
		}()
	}()
	check(t, <-done)
}

func putImage(t *testing.T, s *store.Store, n int, owner string, layers ...api.Reference) api.ImageAnswer {
	t.Helper()
	answer, err := Put(t.Context(), s, incarnation(n), api.ImageRequest{Owner: owner, ContentKey: "key", Layers: layers})
	check(t, err)
	return answer
}

func resolved(t *testing.T, s *store.Store, owner string) *Resolved {
	t.Helper()
	found, err := Resolve(t.Context(), s, api.Reference{Owner: owner, ContentKey: "key"})
	check(t, err)
	t.Cleanup(found.Release)
	return found
}

// TestLayersAreSeenAsDockerShowsThem: a higher layer adds, replaces and hides, and a folder that it only needs to have
// keeps what the layers below say of it.
func TestLayersAreSeenAsDockerShowsThem(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	s := opened(t, t.TempDir())
	base := mustPutLayer(t, s, 1, "o/base", files{
		"etc/": "", "etc/hosts": "base", "etc/gone": "x", "tmp/": "1777 5", "srv/": "750 7", "srv/www/": "700 8", "var/": "711 9", "var/old": "x",
		"opt/": "700 3", "opt/x": "x", "again/": "", "again/old": "x", "bare/": "700 3", "bare/old": "x", "deep/a/": "700 3",
		"no utf8 \xff/": "700 4",
	})
	middle := mustPutLayer(t, s, 2, "o/middle", files{
		"etc/hosts": "middle", "etc/.wh.gone": "", "var/": "755 10", "var/.wh..wh..opq": "", "tmp/a": "a", ".wh.opt": "",
		"again/": "", "again/.wh..wh..opq": "", "again/new": "x",
		"bare/.wh..wh..opq": "", "deep/": "", "deep/.wh..wh..opq": "",
	})
	top := mustPutLayer(t, s, 3, "o/top", files{"srv/www/site/index.html": "hello", "tmp/b/c": "c", "opt/y": "y", "var/new": "x", "deep/a/b": "x", "no utf8 \xff/x": "x"})
	putImage(t, s, 4, "o/image", base, middle, top)
	image := resolved(t, s, "o/image")
	if len(image.Trees) != 4 || len(image.Layers) != 3 {
		t.Errorf("three layers and the folders are to be mounted: %q", image.Trees)
	}
	inOverlay(t, image.Trees, func(root string) {
		for path, want := range map[string]string{
			"etc": "755 0", "etc/hosts": "middle", "tmp": "1777 5", "tmp/a": "a", "tmp/b": "755 0", "tmp/b/c": "c",
			"srv": "750 7", "srv/www": "700 8", "srv/www/site": "755 0", "srv/www/site/index.html": "hello",
			"var": "755 10", "var/old": "none", "var/new": "x", "etc/gone": "none",
			"opt": "755 0", "opt/x": "none", "opt/y": "y", "again/old": "none", "again/new": "x",
			"bare": "755 0", "bare/old": "none", "deep/a": "755 0", "no utf8 \xff": "700 4", "no utf8 \xff/x": "x",
		} {
			if got := seen(filepath.Join(root, path)); got != want {
				t.Errorf("%s: got %q, want %q", path, got, want)
			}
		}
	})
}

// TestALayerMayComeTwice: the second one covers what lies between, and both are one on the disk.
func TestALayerMayComeTwice(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	s := opened(t, t.TempDir())
	base := mustPutLayer(t, s, 1, "o/base", files{"a/": "700 3", "a/x": "base", "b": "base", "gone": "base"})
	other := mustPutLayer(t, s, 2, "o/other", files{"a/x": "other", ".wh.b": "", "c": "other", ".wh.gone": ""})
	image := putImage(t, s, 3, "o/image", base, other, base, other, base)
	if image.SizeBytes != 22 || len(image.Layers) != 5 {
		t.Errorf("answered %+v", image)
	}
	inOverlay(t, resolved(t, s, "o/image").Trees, func(root string) {
		for path, want := range map[string]string{"a": "700 3", "a/x": "base", "b": "base", "c": "other", "gone": "base"} {
			if got := seen(filepath.Join(root, path)); got != want {
				t.Errorf("%s: got %q, want %q", path, got, want)
			}
		}
	})
}

// seen is a file's content, or a folder's mode and owner, or "none".
func seen(path string) string {
	var stat unix.Stat_t
	if err := unix.Lstat(path, &stat); err != nil {
		return "none"
	}
	if stat.Mode&unix.S_IFMT == unix.S_IFDIR {
		return fmt.Sprintf("%o %d", stat.Mode&0o7777, stat.Uid)
	}
	data, _ := os.ReadFile(path)
	return string(data)
}

// TestFilesPutThroughALinkAreRefused where they would hide all that the link leads to.
func TestFilesPutThroughALinkAreRefused(t *testing.T) {
	requireRoot(t)
	t.Parallel()
	s := opened(t, t.TempDir())
	base := mustPutLayer(t, s, 1, "o/base", files{"usr/bin/": "", "usr/bin/sh": "#!", "bin": "->usr/bin", "run": "->/var/run", "var/run/": ""})
	for n, c := range []struct {
		top    files
		object string
		says   string
	}{
		{files{"bin/tool": "x"}, "/bin", `target: "/usr/bin"`},
		{files{"run/a/b": "x"}, "/run", `target: "/var/run"`},
		{files{"bin/": "", "bin/tool": "x"}, "", ""}, // it says itself that /bin is to be a folder
		{files{".wh.bin": "", "usr/bin/tool": "x"}, "", ""},
	} {
		top := mustPutLayer(t, s, 10+n, fmt.Sprint("o/top", n), c.top)
		_, err := Put(t.Context(), s, incarnation(20+n), api.ImageRequest{
			Owner: fmt.Sprint("o/image", n), ContentKey: "key", Layers: []api.Reference{base, top},
		})
		problem := (*api.Problem)(nil)
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%v: %v", c.top, err)
		case c.says == "":
		case !errors.As(err, &problem) || problem.Code != api.CodeLayersConflict || problem.Object != c.object || !strings.Contains(problem.Detail, c.says):
			t.Errorf("%v: %v", c.top, err)
		}
	}
	images, err := List(t.Context(), s)
	check(t, err)
	if found, _ := filepath.Glob(filepath.Join(s.Root(), "images", "*")); len(images) != 2 || len(found) != 2 {
		t.Errorf("the refused images left something: %+v, %q", images, found)
	}
}
