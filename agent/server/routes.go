package server

import (
	"context"
	"io"
	"log"
	"math"
	"net/http"

	"pulumi-slipway/agent/api"
)

// Functions are what the server can reach of the host, by resource.
type Functions struct {
	Facts      func(ctx context.Context) (api.HostFacts, error)
	Inventory  func(ctx context.Context) (api.Inventory, error)
	Stats      func(ctx context.Context) (api.Stats, error)
	Blob       func(ctx context.Context, digest string, bytes io.Reader) error
	Hosts      Resource[api.HostRequest, api.HostAnswer]
	Purge      func(ctx context.Context, incarnation string) error
	Layers     Resource[api.LayerRequest, api.LayerAnswer]
	Images     Resource[api.ImageRequest, api.ImageAnswer]
	Cgroups    Resource[api.CgroupRequest, api.CgroupAnswer]
	Containers Resource[api.ContainerRequest, api.ContainerAnswer]
	// Stoppable are the resources whose processes can be paused and killed, by name.
	Stoppable map[string]Stoppable
	// Logs writes the log's last lines, all where tail is negative, and with follow goes on until the container
	// has ended or ctx has.
	Logs func(ctx context.Context, incarnation string, tail int, follow bool, to io.Writer) error
}

// Handler gives every route of the contract its function. Faults of the agent itself are written to faults.
func Handler(functions Functions, faults *log.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /v1/host", route(func(w http.ResponseWriter, r *http.Request) error {
		facts, err := functions.Facts(r.Context())
		return answerJSON(w, facts, err)
	}))
	mux.Handle("GET /v1/inventory", route(func(w http.ResponseWriter, r *http.Request) error {
		inventory, err := functions.Inventory(r.Context())
		return answerJSON(w, inventory, err)
	}))
	mux.Handle("GET /v1/stats", route(functions.stats))
	mux.Handle("PUT /v1/blobs/{digest}", route(func(w http.ResponseWriter, r *http.Request) error {
		var found failures
		digest := r.PathValue("digest")
		found.must(digestForm.MatchString(digest), "digest", "must be a sha256 digest", digest)
		if err := found.problem(); err != nil {
			return err
		}
		return answerNothing(w, functions.Blob(r.Context(), digest, r.Body))
	}))
	hosts, release := functions.Hosts, functions.Hosts.Delete
	mux.Handle("DELETE /v1/hosts/{incarnation}", route(func(w http.ResponseWriter, r *http.Request) error {
		incarnation, err := incarnationOf(r)
		if err != nil {
			return err
		}
		query := askedOf(r)
		purge := query.truth("purge")
		if err := query.problem(); err != nil {
			return err
		}
		ctx, done := converging(r.Context(), grace)
		defer done()
		if purge {
			return answerNothing(w, functions.Purge(ctx, incarnation))
		}
		return answerNothing(w, release(ctx, incarnation))
	}))
	hosts.Delete = nil
	mount(mux, "hosts", hosts)
	mount(mux, "layers", functions.Layers)
	mount(mux, "images", functions.Images)
	mount(mux, "cgroups", functions.Cgroups)
	mount(mux, "containers", functions.Containers)
	for name, of := range functions.Stoppable {
		mountStoppable(mux, name, of)
	}
	mux.Handle("GET /v1/containers/{incarnation}/logs", route(functions.logs))
	mux.Handle("/", route(notFound))
	return survive(mux, faults)
}

func (functions Functions) logs(w http.ResponseWriter, r *http.Request) error {
	incarnation, err := incarnationOf(r)
	if err != nil {
		return err
	}
	query := askedOf(r)
	follow, tail := query.truth("follow"), query.number("tail", -1, 0, math.MaxInt32)
	if err := query.problem(); err != nil {
		return err
	}
	lines := &stream{writer: w, content: "text/plain; charset=utf-8"}
	return lines.finish(functions.Logs(r.Context(), incarnation, tail, follow, lines))
}
