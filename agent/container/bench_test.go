package container

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/store"
	"pulumi-slipway/agent/timing"
)

// BenchmarkStart runs `true` in a container and, start by start, the C floor beside it, born in groups of the same
// hierarchies. It needs the program that `npm run bench -- start` builds. `npm run bench` measures the same over the
// agent's API, beside runc and crun.
//
//	go test ./container -run '^$' -bench Start -benchtime 200x
func BenchmarkStart(b *testing.B) {
	floor, err := filepath.Abs("../../.tools/bench/floor")
	if _, missing := os.Stat(floor); err != nil || missing != nil {
		b.Skip("there is no floor; run: npm run bench -- start --runs 1")
	}
	h := newHost(b)
	var groups []string
	for _, entered := range h.tree.Entered {
		group := filepath.Join(entered.Mount, h.tree.Base, "floor")
		if err := os.MkdirAll(group, 0o755); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { os.Remove(group) })
		groups = append(groups, group)
	}
	request := h.shell("")
	request.Command = []string{"/bin/true"}
	first := nonce()
	h.put(first, request)
	p, err := h.find(first)
	if err != nil {
		b.Fatal(err)
	}
	made, err := p.readRecord()
	if err != nil {
		b.Fatal(err)
	}
	tree := h.store.LayerTree(made.Layers[0])
	var ours, answers, floors []float64
	for b.Loop() {
		ctx, marks := timing.Begin(context.Background())
		request.Owner = "bench/" + strconv.Itoa(len(ours))
		incarnation := nonce()
		if _, err := h.Put(ctx, incarnation, request); err != nil {
			b.Fatal(describe(err))
		}
		answers = append(answers, marks.SinceBegin().Seconds()*1000)
		ours = append(ours, marks.Moments()[0].After.Seconds()*1000)
		if err := h.Delete(ctx, incarnation); err != nil {
			b.Fatal(err)
		}
		output, err := exec.Command(floor, append([]string{tree, "1"}, groups...)...).CombinedOutput()
		if err != nil {
			b.Fatalf("floor: %v\n%s", err, output)
		}
		var result struct{ P50 float64 }
		if err := json.Unmarshal(output, &result); err != nil {
			b.Fatal(err)
		}
		floors = append(floors, result.P50)
	}
	b.ReportMetric(0, "ns/op")
	report := func(name string, values []float64) float64 {
		slices.Sort(values)
		p50 := values[len(values)/2]
		b.ReportMetric(p50, name+"-ms")
		b.ReportMetric(values[len(values)*95/100], name+"-p95")
		return p50
	}
	floored := report("floor", floors)
	b.ReportMetric(report("exit", ours)/floored, "floors")
	b.ReportMetric(report("answer", answers)/floored, "floors-answer")
}

// BenchmarkRate starts containers four at a time.
func BenchmarkRate(b *testing.B) {
	h := newHost(b)
	request := h.shell("")
	request.Command = []string{"/bin/true"}
	b.SetParallelism(2) // per processor
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := request
			r.Owner = "bench/" + nonce()
			if _, err := h.Put(context.Background(), nonce(), r); err != nil {
				b.Error(describe(err))
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "starts/s")
	all, err := h.store.ListContainers()
	if err != nil || len(all) == 0 {
		b.Fatal(fmt.Sprint(err, len(all)), store.Containers)
	}
}

// BenchmarkStats reads what 200 running containers use. Its processor time is the process's own, whatever else runs on the
// machine.
//
//	go test ./container -run '^$' -bench Stats -benchtime 20x
func BenchmarkStats(b *testing.B) {
	h := newHost(b)
	const containers = 200
	var starting sync.WaitGroup
	for i := range containers {
		r := h.service("")
		r.Owner = "bench/" + strconv.Itoa(i)
		starting.Go(func() {
			if _, err := h.Put(context.Background(), nonce(), r); err != nil {
				b.Error(describe(err))
			}
		})
	}
	starting.Wait()
	used := func() float64 {
		var usage unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6
	}
	b.ReportAllocs()
	began := used()
	for b.Loop() {
		if all, err := h.Stats(context.Background()); err != nil || len(all) != containers {
			b.Fatal(len(all), err)
		}
	}
	b.ReportMetric((used()-began)/float64(b.N), "processor-ms")
}
