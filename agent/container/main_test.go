package container

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/image"
	"pulumi-slipway/agent/internal/testroot"
	"pulumi-slipway/agent/layer"
	"pulumi-slipway/agent/store"
)

// programs is the folder with the monitor built for the tests.
var programs string

func TestMain(m *testing.M) {
	if order := os.Getenv(agentVariable); order != "" {
		if err := playAgent(order); err != nil {
			fmt.Fprintln(os.Stderr, describe(err))
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(func() int {
		if os.Geteuid() != 0 {
			fmt.Println("skipping: containers need root")
			return 0
		}
		var err error
		if programs, err = os.MkdirTemp("", "slipway-programs-"); err == nil {
			defer os.RemoveAll(programs)
			build := exec.Command("go", "build", "-o", filepath.Join(programs, monitorProgram), "../cmd/slipway-monitor")
			build.Env = append(os.Environ(), "CGO_ENABLED=0")
			var output []byte
			if output, err = build.CombinedOutput(); err != nil {
				err = fmt.Errorf("%w\n%s", err, output)
			}
		}
		if err != nil {
			fmt.Println("build the monitor:", err)
			return 1
		}
		return m.Run()
	}())
}

// host is a store and control groups of a test's own.
type host struct {
	*Containers
	t testing.TB
	// busybox is a claim on an image of busybox alone.
	busybox api.Reference
}

// newHost makes a host; all of it is gone after the test, containers included.
func newHost(t testing.TB) *host {
	t.Helper()
	folder := t.TempDir()
	s, err := store.Open(filepath.Join(folder, "lib"), filepath.Join(folder, "run"))
	if err != nil {
		t.Fatal(err)
	}
	h := &host{t: t}
	if h.Containers, err = OpenWith(s, "slipway-test-"+s.HostID(), programs); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		h.removeAll()
		if err := h.RemoveGroups(context.Background()); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	entries, err := testroot.Busybox()
	if err != nil {
		t.Fatal(err)
	}
	h.busybox = h.image(api.ImageConfig{}, entries)
	return h
}

// in is the host for a test within the test.
func (h *host) in(t testing.TB) *host {
	within := *h
	within.t = t
	return &within
}

func (h *host) removeAll() {
	h.t.Helper()
	all, err := h.store.ListContainers()
	if err != nil {
		h.t.Error(err)
	}
	for _, one := range all {
		if err := h.Delete(context.Background(), one.Incarnation); err != nil {
			h.t.Error(err)
		}
	}
}

func nonce() string {
	random := make([]byte, 16)
	_, _ = rand.Read(random)
	return hex.EncodeToString(random)
}

// image makes an image of layers, lowest first.
func (h *host) image(config api.ImageConfig, layers ...[]testroot.Entry) api.Reference {
	h.t.Helper()
	ctx := context.Background()
	request := api.ImageRequest{Owner: "test/image/" + nonce(), ContentKey: nonce(), Config: &config}
	for _, entries := range layers {
		archive, err := testroot.Archive(entries)
		if err != nil {
			h.t.Fatal(err)
		}
		sum := sha256.Sum256(archive)
		blob := "sha256:" + hex.EncodeToString(sum[:])
		reference := api.Reference{Owner: "test/layer/" + nonce(), ContentKey: blob}
		if err := layer.PutBlob(ctx, h.store, blob, bytes.NewReader(archive)); err != nil {
			h.t.Fatal(err)
		}
		if _, err := layer.Put(ctx, h.store, nonce(), api.LayerRequest{Owner: reference.Owner, ContentKey: blob, Blob: blob}); err != nil {
			h.t.Fatal(err)
		}
		request.Layers = append(request.Layers, reference)
	}
	if _, err := image.Put(ctx, h.store, nonce(), request); err != nil {
		h.t.Fatal(err)
	}
	return api.Reference{Owner: request.Owner, ContentKey: request.ContentKey}
}

// shell is a request for a job that runs a script on busybox.
func (h *host) shell(script string) api.ContainerRequest {
	return api.ContainerRequest{
		Owner: "test/container/" + nonce(), Image: h.busybox, Command: []string{"sh", "-c", script}, Network: "none", Wait: "exit",
	}
}

// service is a request for a container that runs on, and ends at once when it is asked to.
func (h *host) service(script string) api.ContainerRequest {
	if script == "" {
		script = ":"
	}
	r := h.shell("trap 'exit 0' TERM; " + script + "; while :; do sleep 1000 & wait $!; done")
	r.Wait = "running"
	return r
}

// put expects a request to succeed.
func (h *host) put(incarnation string, r api.ContainerRequest) api.ContainerAnswer {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer, err := h.Put(ctx, incarnation, r)
	if err != nil {
		h.t.Fatalf("put: %v", describe(err))
	}
	return answer
}

// refused expects a request to fail with a code.
func (h *host) refused(incarnation string, r api.ContainerRequest, code api.Code) *api.Problem {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := h.Put(ctx, incarnation, r)
	var problem *api.Problem
	if !errors.As(err, &problem) || problem.Code != code {
		h.t.Fatalf("want %s, got %v", code, describe(err))
	}
	return problem
}

func describe(err error) string {
	var p *api.Problem
	if !errors.As(err, &p) {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%s step %q object %q errno %d left %v log %q", err, p.Step, p.Object, p.Errno, p.Left, p.Log)
}

// output runs a job and answers what it wrote.
func (h *host) output(r api.ContainerRequest) string {
	h.t.Helper()
	incarnation := nonce()
	h.put(incarnation, r)
	return strings.Join(h.log(incarnation), "\n")
}

// log is what a container wrote, line by line.
func (h *host) log(incarnation string) []string {
	h.t.Helper()
	p, err := h.find(incarnation)
	if err != nil {
		h.t.Fatal(err)
	}
	return lastLogLines(p, 1<<20)
}

func itoa(number int) string { return strconv.Itoa(number) }
