package server

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pulumi-slipway/agent/api"
)

func TestStatsAreAnsweredOnce(t *testing.T) {
	client, _, _, _ := session(t, Functions{Stats: func(context.Context) (api.Stats, error) {
		return api.Stats{HostID: nonce, Containers: []api.ContainerStats{}, Cgroups: []api.CgroupStats{}}, nil
	}})
	status, header, body := ask(t, client, "GET", "/v1/stats?follow=false", "")
	var stats api.Stats
	if err := json.Unmarshal([]byte(body), &stats); err != nil || status != 200 || stats.HostID != nonce || header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %s %s, %v", status, header, body, err)
	}
}

// followed asks for readings until the test ends them.
func followed(t *testing.T, client *http.Client, interval string) (*http.Response, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, "GET", "http://agent/v1/stats?follow=true&interval="+interval, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response, cancel
}

func TestStatsAreFollowedUntilTheClientLeaves(t *testing.T) {
	var readings atomic.Int64
	left := make(chan struct{}, 1)
	client, _, _, faults := session(t, Functions{Stats: func(ctx context.Context) (api.Stats, error) {
		context.AfterFunc(ctx, func() {
			select {
			case left <- struct{}{}:
			default:
			}
		})
		return api.Stats{CPUs: int(readings.Add(1))}, nil
	}})
	began := time.Now()
	response, cancel := followed(t, client, "100")
	if content := response.Header.Get("Content-Type"); response.StatusCode != 200 || content != "application/x-ndjson" {
		t.Fatal(response.Status, content)
	}
	lines := bufio.NewScanner(response.Body)
	for want := 1; want <= 4 && lines.Scan(); want++ {
		var stats api.Stats
		if err := json.Unmarshal(lines.Bytes(), &stats); err != nil || stats.CPUs != want {
			t.Fatalf("reading %d: %s, %v", want, lines.Text(), err)
		}
	}
	if took := time.Since(began); lines.Err() != nil || took < 300*time.Millisecond {
		t.Errorf("four readings, 100 ms apart, after %s, %v", took, lines.Err())
	}
	// Another request is answered meanwhile.
	ask(t, client, "GET", "/v1/stats", "")
	cancel()
	select {
	case <-left:
	case <-time.After(10 * time.Second):
		t.Error("the client has left, and it goes on")
	}
	if faults.Len() > 0 {
		t.Error(faults)
	}
}

func TestASlowReaderGetsFewerReadings(t *testing.T) {
	var readings atomic.Int64
	// Every reading fills the windows of HTTP/2 many times over.
	large := strings.Repeat("x", 8<<20)
	client, _, _, _ := session(t, Functions{Stats: func(context.Context) (api.Stats, error) {
		return api.Stats{CPUs: int(readings.Add(1)), HostID: large}, nil
	}})
	response, _ := followed(t, client, "100")
	reader := bufio.NewReaderSize(response.Body, 64<<10)
	time.Sleep(500 * time.Millisecond)
	if read := readings.Load(); read != 1 {
		t.Errorf("%d readings, and the first is not yet taken", read)
	}
	for want := 1; want <= 2; want++ {
		line, err := reader.ReadBytes('\n')
		var stats api.Stats
		if err == nil {
			err = json.Unmarshal(line, &stats)
		}
		if err != nil || stats.CPUs != want {
			t.Fatalf("reading %d came as %d, %v", want, stats.CPUs, err)
		}
	}
}

func TestAReadingThatFailsBreaksTheStreamOff(t *testing.T) {
	var readings atomic.Int64
	client, _, _, _ := session(t, Functions{Stats: func(context.Context) (api.Stats, error) {
		if readings.Add(1) > 1 {
			return api.Stats{}, &api.Problem{Code: api.CodeInternal, Detail: "no more"}
		}
		return api.Stats{}, nil
	}})
	response, _ := followed(t, client, "100")
	lines := bufio.NewScanner(response.Body)
	count := 0
	for lines.Scan() {
		count++
	}
	if count != 1 || lines.Err() == nil {
		t.Errorf("%d lines and then %v", count, lines.Err())
	}
}
