package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkUsage reads one group with a process in it.
//
//	go test ./cgroup -run '^$' -bench Usage -cpuprofile profile && go tool pprof -top profile
func BenchmarkUsage(b *testing.B) {
	tree, err := Open(fmt.Sprintf("slipway-bench-%d", os.Getpid()))
	if err == nil {
		err = tree.Prepare()
	}
	if err != nil {
		b.Fatal(err)
	}
	group := tree.Group("abc")
	enter := ""
	for _, h := range tree.Entered {
		enter += "mkdir " + group.Folder(h) + " && echo 0 > " + filepath.Join(group.Folder(h), "cgroup.procs") + " && "
	}
	sleeper := exec.Command("sh", "-c", enter+"echo in && exec cat")
	orders, err := sleeper.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	output, err := sleeper.StdoutPipe()
	if err == nil {
		err = sleeper.Start()
	}
	if err == nil {
		_, err = io.ReadFull(output, make([]byte, len("in\n")))
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		orders.Close()
		if err := errors.Join(sleeper.Wait(), group.Remove(context.Background()), tree.Remove(context.Background())); err != nil {
			b.Error(err)
		}
	})
	reader := tree.Reader()
	b.ReportAllocs()
	for b.Loop() {
		if usage, err := reader.Usage(group); err != nil || usage.Memory == nil {
			b.Fatal(usage, err)
		}
	}
}
