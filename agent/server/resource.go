package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/timing"
)

// largestBody bounds a request's JSON; an environment and a command line are at most 2 MiB for the kernel.
const largestBody = 4 << 20

// tellEvery is how often a client hears how far its request has got.
const tellEvery = time.Second

// Resource is what the server calls for one noun. Its methods return a *api.Problem where the client can act on
// the failure; any other error becomes one with code "internal".
type Resource[Request, Answer any] struct {
	Put    func(ctx context.Context, incarnation string, request Request) (Answer, error)
	Get    func(ctx context.Context, incarnation string) (Answer, error)
	Delete func(ctx context.Context, incarnation string) error
}

// mount gives a resource its three routes, or two where Delete is nil because the caller has its own.
func mount[Request, Answer any](mux *http.ServeMux, name string, resource Resource[Request, Answer]) {
	path := " /v1/" + name + "/{incarnation}"
	mux.Handle("PUT"+path, route(func(w http.ResponseWriter, r *http.Request) error {
		incarnation, err := incarnationOf(r)
		if err != nil {
			return err
		}
		var request Request
		if err := readBody(w, r, &request); err != nil {
			return err
		}
		ctx, done := converging(r.Context(), grace)
		defer done()
		ctx, told := processing(ctx, w, tellEvery)
		defer told()
		answer, err := resource.Put(ctx, incarnation, request)
		told()
		return answerJSON(w, answer, err)
	}))
	mux.Handle("GET"+path, route(func(w http.ResponseWriter, r *http.Request) error {
		incarnation, err := incarnationOf(r)
		if err != nil {
			return err
		}
		answer, err := resource.Get(r.Context(), incarnation)
		return answerJSON(w, answer, err)
	}))
	if resource.Delete == nil {
		return
	}
	mux.Handle("DELETE"+path, route(func(w http.ResponseWriter, r *http.Request) error {
		incarnation, err := incarnationOf(r)
		if err != nil {
			return err
		}
		ctx, done := converging(r.Context(), grace)
		defer done()
		return answerNothing(w, resource.Delete(ctx, incarnation))
	}))
}

func incarnationOf(r *http.Request) (string, error) {
	var found failures
	incarnation := r.PathValue("incarnation")
	found.must(incarnationForm.MatchString(incarnation), "incarnation", "must be 32 lower-case hexadecimal digits", incarnation)
	return incarnation, found.problem()
}

func readBody(w http.ResponseWriter, r *http.Request, into any) error {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	if err != nil {
		return fmt.Errorf("read the request's body: %w", err)
	}
	if err := decodeStrictly(data, into); err != nil {
		return err
	}
	var found failures
	validatorOf(into).validate(&found)
	return found.problem()
}

func answerJSON(w http.ResponseWriter, answer any, err error) error {
	if err != nil {
		return err
	}
	data, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	// A failed write means that the client is gone; there is nobody to tell.
	_, _ = w.Write(data)
	return nil
}

func answerNothing(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// route makes a handler of a function that returns its failure, and stamps the answer with the time it took.
func route(serve func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, marks := timing.Begin(r.Context())
		stamped := &stamped{ResponseWriter: w, marks: marks}
		if err := serve(stamped, r.WithContext(ctx)); err != nil {
			answerProblem(stamped, err)
		}
	})
}

// notFound answers for every path and method the contract does not have.
func notFound(_ http.ResponseWriter, r *http.Request) error {
	return &api.Problem{Code: api.CodeInvalid, Detail: "there is no " + r.Method + " " + r.URL.Path, Object: r.URL.Path}
}
