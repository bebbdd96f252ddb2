package server

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pulumi-slipway/agent/api"
)

func TestWhatStopsARunningThingHasNeitherBodyNorAnswer(t *testing.T) {
	var done []string
	of := func(name string) Stoppable {
		return Stoppable{
			SetPaused: func(_ context.Context, incarnation string, paused bool) error {
				done = append(done, fmt.Sprintf("%s %v %v", name, incarnation == nonce, paused))
				return nil
			},
			Kill: func(context.Context, string) error { return &api.Problem{Code: api.CodeStuck, Detail: name + " hangs"} },
		}
	}
	client, _, _, _ := session(t, Functions{Stoppable: map[string]Stoppable{"containers": of("container"), "cgroups": of("cgroup")}})
	for _, resource := range []string{"containers", "cgroups"} {
		for _, method := range []string{"PUT", "DELETE"} {
			if status, _, body := ask(t, client, method, "/v1/"+resource+"/"+nonce+"/paused", ""); status != 204 || body != "" {
				t.Errorf("%s %s: %d %s", method, resource, status, body)
			}
		}
	}
	if !slices.Equal(done, []string{"container true true", "container true false", "cgroup true true", "cgroup true false"}) {
		t.Error(done)
	}
	status, _, body := ask(t, client, "DELETE", "/v1/cgroups/"+nonce+"/processes", "")
	if problem := problemIn(t, body); status != 500 || problem.Code != api.CodeStuck || problem.Detail != "cgroup hangs" {
		t.Errorf("%d %+v", status, problem)
	}
}
