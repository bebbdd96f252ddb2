package server

import (
	"context"
	"io"
	"net/http"
)

// Stoppable is what the server calls to stop what runs in a resource.
type Stoppable struct {
	// SetPaused stops everything where it is, or lets it go on.
	SetPaused func(ctx context.Context, incarnation string, paused bool) error
	// Kill ends everything at once.
	Kill func(ctx context.Context, incarnation string) error
}

// mountStoppable gives a resource the routes for that.
func mountStoppable(mux *http.ServeMux, name string, of Stoppable) {
	path := " /v1/" + name + "/{incarnation}/"
	for method, act := range map[string]func(context.Context, string) error{
		"PUT" + path + "paused":       func(ctx context.Context, incarnation string) error { return of.SetPaused(ctx, incarnation, true) },
		"DELETE" + path + "paused":    func(ctx context.Context, incarnation string) error { return of.SetPaused(ctx, incarnation, false) },
		"DELETE" + path + "processes": of.Kill,
	} {
		mux.Handle(method, route(func(w http.ResponseWriter, r *http.Request) error {
			incarnation, err := incarnationOf(r)
			if err != nil {
				return err
			}
			if err := noBody(r); err != nil {
				return err
			}
			ctx, done := converging(r.Context(), grace)
			defer done()
			return answerNothing(w, act(ctx, incarnation))
		}))
	}
}

// noBody refuses a body where the contract has none.
func noBody(r *http.Request) error {
	var found failures
	n, _ := io.ReadFull(r.Body, make([]byte, 1))
	found.must(n == 0, "body", "must be empty", "something")
	return found.problem()
}
