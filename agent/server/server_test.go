package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/progress"
)

const nonce = "0123456789abcdef0123456789abcdef"

// session serves functions over a pair of pipes and gives the client's end of it.
func session(t *testing.T, functions Functions) (client *http.Client, hangUp func(), ended <-chan error, faults *bytes.Buffer) {
	t.Helper()
	serverIn, clientOut := pipe(t)
	clientIn, serverOut := pipe(t)
	conn, err := NewConn(serverIn, serverOut)
	if err != nil {
		t.Fatal(err)
	}
	faults = new(bytes.Buffer)
	end := make(chan error, 1)
	served := make(chan struct{})
	go func() {
		defer close(served)
		end <- Serve(conn, Handler(functions, log.New(faults, "", 0)), log.New(faults, "", 0))
	}()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	ours, err := NewConn(clientIn, clientOut)
	if err != nil {
		t.Fatal(err)
	}
	dialed := false
	client = &http.Client{Transport: &http.Transport{Protocols: protocols, DialContext: func(context.Context, string, string) (net.Conn, error) {
		if dialed {
			return nil, errors.New("the session is over")
		}
		dialed = true
		return ours, nil
	}}}
	hangUp = func() {
		ours.Close()
		clientOut.Close()
	}
	t.Cleanup(func() {
		hangUp()
		<-served
	})
	// The transport would dial once for each request that comes before the first connection is known to be HTTP/2.
	ask(t, client, "GET", "/", "")
	return client, hangUp, end, faults
}

func pipe(t *testing.T) (*os.File, *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	// A file that nobody refers to is closed, and some of these ends have no other use than to stay open.
	t.Cleanup(func() { runtime.KeepAlive([]*os.File{r, w}) })
	return r, w
}

func ask(t *testing.T, client *http.Client, method, path, body string) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequest(method, "http://agent"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(data)
}

func problemIn(t *testing.T, body string) api.Problem {
	t.Helper()
	var problem api.Problem
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&problem); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	return problem
}

func TestEveryFailureOfARequestIsNamedWithItsPath(t *testing.T) {
	functions := Functions{
		Layers: Resource[api.LayerRequest, api.LayerAnswer]{Put: func(context.Context, string, api.LayerRequest) (api.LayerAnswer, error) {
			panic("an invalid request got through")
		}},
		Cgroups: Resource[api.CgroupRequest, api.CgroupAnswer]{Put: func(context.Context, string, api.CgroupRequest) (api.CgroupAnswer, error) {
			panic("an invalid request got through")
		}},
		Containers: Resource[api.ContainerRequest, api.ContainerAnswer]{Put: func(context.Context, string, api.ContainerRequest) (api.ContainerAnswer, error) {
			panic("an invalid request got through")
		}},
	}
	stoppable := Stoppable{
		SetPaused: func(context.Context, string, bool) error { panic("an invalid request got through") },
		Kill:      func(context.Context, string) error { panic("an invalid request got through") },
	}
	functions.Stoppable = map[string]Stoppable{"containers": stoppable, "cgroups": stoppable}
	client, _, _, _ := session(t, functions)
	long := strings.Repeat("x", largestBody)
	for _, test := range []struct {
		method, path, body string
		want               []string
	}{
		{"PUT", "/v1/layers/" + nonce, `{"owner":"o/u","contentKey":"k","blob":"sha256:1","extra":1}`, []string{"`extra` is not a field"}},
		{"PUT", "/v1/layers/" + nonce, `{"Owner":"o/u"}`, []string{"`Owner` is not a field"}},
		{"PUT", "/v1/layers/" + nonce, `{"owner":null,"contentKey":1,"blob":[]}`, []string{"`owner` must be a string, got <nil>", "`contentKey` must", "`blob` must"}},
		{"PUT", "/v1/layers/" + nonce, `{"owner":"","contentKey":"","blob":"md5:1"}`, []string{"`owner` must be", "`contentKey` must", "`blob` must"}},
		{"PUT", "/v1/layers/" + nonce, `{} {}`, []string{"more than one JSON value"}},
		{"PUT", "/v1/layers/" + nonce, `{}}`, []string{"more than one JSON value"}},
		{"PUT", "/v1/layers/" + nonce, `[`, []string{"is not JSON"}},
		{"PUT", "/v1/layers/" + nonce, `{"owner":"` + long + `"}`, []string{"request body too large"}},
		{"PUT", "/v1/layers/XYZ", `{}`, []string{"`incarnation` must"}},
		{"PUT", "/v1/containers/" + nonce, `{"owner":"o/u","image":{"owner":"o/i","contentKey":"k","tag":1},"network":"none","wait":"running"}`,
			[]string{"`image.tag` is not a field"}},
		{"PUT", "/v1/containers/" + nonce, `{"owner":"o/u","image":{"owner":"o/i"},"command":["a","b\u0000"],"env":{"A=B":"","C":"\u0000"},"hostname":"a b",
			"workingDir":"x","network":"bridge","cgroup":{"owner":"o/g"},"stopTimeoutMs":-1,"wait":"never"}`,
			[]string{"`image.contentKey`", "`command[1]`", "`env`", "`env.C`", "`hostname`", "`workingDir`", "`network`", "`cgroup.contentKey`", "`stopTimeoutMs`", "`wait`"}},
		{"PUT", "/v1/containers/" + nonce, `{"resources":{"memory":{"max":1.5},"cpu":2},"command":{"a":1},"env":["A=B"],"readOnly":"yes"}`,
			[]string{"`resources.memory.max` must be a whole number", "`resources.cpu` must be an object", "`command` must be a list", "`env` must be an object", "`readOnly` must be true or false"}},
		{"PUT", "/v1/cgroups/" + nonce, `{"owner":"o/u","contentKey":"","parent":{"owner":"o/u"},"resources":{}}`,
			[]string{"`contentKey`", "`parent.contentKey`"}},
		{"PUT", "/v1/containers/" + nonce, `{"owner":"o/u","image":{"owner":"o/i","contentKey":"k"},"network":"none","wait":"exit","paused":true}`,
			[]string{"`paused` must not be true"}},
		{"PUT", "/v1/cgroups/" + nonce, `{"owner":"o/u","contentKey":"k","resources":{},"paused":1}`, []string{"`paused` must be true or false"}},
		{"PUT", "/v1/containers/" + nonce + "/paused", `true`, []string{"`body` must be empty"}},
		{"DELETE", "/v1/cgroups/XYZ/processes", "", []string{"`incarnation` must"}},
		{"PUT", "/v1/cgroups/" + nonce + "/processes", "", []string{"there is no PUT"}},
		{"DELETE", "/v1/layers/" + nonce + "/paused", "", []string{"there is no DELETE"}},
		{"PUT", "/v1/blobs/sha256:1", "", []string{"`digest` must"}},
		{"DELETE", "/v1/hosts/" + nonce + "?purge=1", "", []string{"`purge` must"}},
		{"GET", "/v1/containers/" + nonce + "/logs?tail=-1&follow=1", "", []string{"`tail` must", "`follow` must"}},
		{"GET", "/v1/stats?follow=yes&interval=99", "", []string{"`follow` must be true or false", "`interval` must be a whole number from 100 to"}},
		{"GET", "/v1/stats?folow=true&interval=86400001", "", []string{"`folow` is no parameter", "`interval` must"}},
		{"GET", "/v1/stats?interval=100&interval=x", "", []string{"`interval` must be there once"}},
		{"POST", "/v1/layers/" + nonce, "", []string{"there is no POST"}},
		{"GET", "/v2/host", "", []string{"there is no GET"}},
	} {
		status, header, body := ask(t, client, test.method, test.path, test.body)
		problem := problemIn(t, body)
		if status != 400 || problem.Status != 400 || problem.Code != api.CodeInvalid || header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: got %d %s %+v", test.method, test.path, status, header, problem)
		}
		for _, want := range test.want {
			if !strings.Contains(problem.Detail, want) {
				t.Errorf("%s %s: %q is not in %q", test.method, test.path, want, problem.Detail)
			}
		}
	}
}

func TestErrorsBecomeProblemsWithTheKernelsWord(t *testing.T) {
	wrapped := &api.Problem{Code: api.CodeStartFailed, Detail: "mount proc: invalid argument", Step: "mount", Object: "proc", Errno: int(unix.EINVAL)}
	for _, test := range []struct {
		err  error
		want api.Problem
	}{
		{fmt.Errorf("start it: %w", wrapped), api.Problem{Code: "start_failed", Status: 500, Detail: "start it: mount proc: invalid argument", Step: "mount", Object: "proc", Errno: 22, ErrnoName: "EINVAL"}},
		{fmt.Errorf("keep: %w", &os.PathError{Op: "write", Path: "/x", Err: unix.ENOSPC}), api.Problem{Code: "no_space", Status: 507, Detail: "keep: write /x: no space left on device", Step: "write", Object: "/x", Errno: 28, ErrnoName: "ENOSPC"}},
		{errors.New("odd"), api.Problem{Code: "internal", Status: 500, Detail: "odd"}},
		{&api.Problem{Code: "no_such_code", Detail: "x"}, api.Problem{Code: "internal", Status: 500, Detail: "unlisted code no_such_code: x"}},
	} {
		got := *problemOf(test.err)
		got.Title = ""
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", test.want) {
			t.Errorf("%v:\n got %+v\nwant %+v", test.err, got, test.want)
		}
	}
}

func TestAPanicIsAProblemAndTheSessionLivesOn(t *testing.T) {
	panicking := true
	client, _, _, faults := session(t, Functions{Facts: func(context.Context) (api.HostFacts, error) {
		if panicking {
			panic("a fault")
		}
		return api.HostFacts{HostID: "h"}, nil
	}})
	status, _, body := ask(t, client, "GET", "/v1/host", "")
	if problem := problemIn(t, body); status != 500 || problem.Code != api.CodeInternal || !strings.Contains(problem.Detail, "a fault") {
		t.Errorf("got %d %+v", status, problem)
	}
	if !strings.Contains(faults.String(), "server_test.go") {
		t.Errorf("the stack is not in the agent's output: %q", faults)
	}
	panicking = false
	status, header, body := ask(t, client, "GET", "/v1/host", "")
	if status != 200 || !strings.Contains(body, `"hostId":"h"`) || !strings.HasPrefix(header.Get("Server-Timing"), "total;dur=") {
		t.Errorf("after the panic: %d %s %s", status, header, body)
	}
}

func TestARequestThatChangesTheHostOutlivesItsClientAndAnUploadDoesNot(t *testing.T) {
	converging, uploading := make(chan struct{}), make(chan struct{})
	release := make(chan struct{})
	var converged, uploaded error
	client, hangUp, ended, _ := session(t, Functions{
		Layers: Resource[api.LayerRequest, api.LayerAnswer]{Put: func(ctx context.Context, _ string, _ api.LayerRequest) (api.LayerAnswer, error) {
			close(converging)
			<-release
			converged = ctx.Err()
			return api.LayerAnswer{}, nil
		}},
		Blob: func(_ context.Context, _ string, bytes io.Reader) error {
			reader := bufio.NewReader(bytes)
			if _, err := reader.ReadByte(); err != nil {
				return err
			}
			close(uploading)
			_, uploaded = io.Copy(io.Discard, reader)
			return uploaded
		},
	})
	digest := "sha256:" + strings.Repeat("0", 64)
	put := func(path string, body io.Reader) {
		request, _ := http.NewRequest("PUT", "http://agent"+path, body)
		if response, err := client.Do(request); err == nil {
			response.Body.Close()
		}
	}
	go put("/v1/layers/"+nonce, strings.NewReader(`{"owner":"o/u","contentKey":"k","blob":"`+digest+`"}`))
	body, feed := io.Pipe()
	go put("/v1/blobs/"+digest, body)
	go feed.Write([]byte("some"))
	<-converging
	<-uploading
	hangUp()
	select {
	case err := <-ended:
		t.Fatalf("the session ended before the request had converged: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
	if converged != nil || uploaded == nil {
		t.Errorf("converging request: %v, want nil; upload: %v, want an error", converged, uploaded)
	}
}

func TestLogsAreStreamedAndABrokenStreamDoesNotLookComplete(t *testing.T) {
	next := make(chan struct{})
	client, _, _, _ := session(t, Functions{Logs: func(_ context.Context, _ string, tail int, follow bool, to io.Writer) error {
		fmt.Fprintf(to, "tail %d follow %v\n", tail, follow)
		<-next
		return errors.New("the log is gone")
	}})
	response, err := client.Get("http://agent/v1/containers/" + nonce + "/logs?tail=3&follow=true")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	reader := bufio.NewReader(response.Body)
	if line, err := reader.ReadString('\n'); err != nil || line != "tail 3 follow true\n" {
		t.Fatalf("%q %v", line, err)
	}
	close(next)
	if rest, err := io.ReadAll(reader); err == nil {
		t.Errorf("the stream ended as if it were complete: %q", rest)
	}
}

func TestALongRequestTellsHowFarItHasGot(t *testing.T) {
	var told []string
	saw := make(chan struct{})
	functions := Functions{Images: Resource[api.ImageRequest, api.ImageAnswer]{
		Put: func(ctx context.Context, _ string, _ api.ImageRequest) (api.ImageAnswer, error) {
			meter := progress.Of(ctx)
			meter.Expect(10)
			meter.Advance(4)
			<-saw // until the client has heard of it
			return api.ImageAnswer{Layers: []string{}}, nil
		},
	}}
	client, hangUp, _, _ := session(t, functions)
	defer hangUp()
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
		told = append(told, fmt.Sprint(code, " ", header.Get(progressHeader)))
		close(saw)
		return nil
	}})
	body := `{"owner":"a/b","contentKey":"k","layers":[{"owner":"a/l","contentKey":"k"}],"config":{}}`
	request, err := http.NewRequestWithContext(ctx, "PUT", "http://agent/v1/images/"+strings.Repeat("0", 32), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 200 || fmt.Sprint(told) != "[102 4/10]" || response.Header.Get(progressHeader) != "" || response.Header.Get("Server-Timing") == "" {
		t.Errorf("told %q, then %d with %v", told, response.StatusCode, response.Header)
	}
}
