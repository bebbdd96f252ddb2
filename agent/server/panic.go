package server

import (
	"fmt"
	"log"
	"net/http"
	"runtime/debug"

	"pulumi-slipway/agent/api"
)

// survive turns a panic of one request into a problem: the other requests of the session must not die with it.
func survive(next http.Handler, faults *log.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			faults.Printf("%s %s: %v\n%s", r.Method, r.URL.Path, cause, debug.Stack())
			answerProblem(w, &api.Problem{
				Code:   api.CodeInternal,
				Detail: fmt.Sprintf("the agent has a fault in %s %s: %v; please report it with the agent's output", r.Method, r.URL.Path, cause),
			})
		}()
		next.ServeHTTP(w, r)
	})
}
