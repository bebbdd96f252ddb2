package store

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestMain lets the tests run this binary as another process: `helper lock NAME` takes a lock and waits to be killed.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && os.Args[1] == "helper-lock" {
		s, err := open(os.Args[2], os.Args[3], "/nonexistent")
		if err == nil {
			_, err = s.Lock(context.Background(), os.Args[4])
		}
		if err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Stdout.WriteString("locked\n")
		select {}
	}
	os.Exit(m.Run())
}

func TestLocksExcludeGoroutines(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	var group sync.WaitGroup
	// Atomic only for the race detector, which does not know that the kernel's locks order anything.
	var inside, counter atomic.Int32
	for range 8 {
		group.Go(func() {
			for range 25 {
				lock, err := s.Lock(t.Context(), "counter")
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d are inside", n)
				}
				counter.Store(counter.Load() + 1)
				inside.Add(-1)
				lock.Unlock()
				lock.Unlock() // a second one does nothing
			}
		})
	}
	group.Wait()
	if counter.Load() != 200 {
		t.Errorf("counted %d", counter.Load())
	}
}

func TestReadersShareAndWritersDoNot(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	reader, err := s.LockShared(t.Context(), "a", "b")
	check(t, err)
	another, err := s.LockShared(t.Context(), "b", "c")
	check(t, err)
	for name, free := range map[string]bool{"a": false, "b": false, "c": false, "d": true} {
		if writer, err := s.TryLock(name); err != nil || (writer != nil) != free {
			t.Errorf("%s: got %v %v, want it free: %v", name, writer, err, free)
		} else {
			writer.Unlock()
		}
	}
	reader.Unlock()
	writer, err := s.TryLock("a")
	if err != nil || writer == nil {
		t.Errorf("a is not free after its reader went: %v", err)
	}
	writer.Unlock()
	another.Unlock()
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	lock, err := s.Lock(t.Context(), "a")
	check(t, err)
	defer lock.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := s.Lock(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestALockEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	s := fresh(t)
	process := exec.Command("/proc/self/exe", "helper-lock", s.root, s.run, "a")
	out, err := process.StdoutPipe()
	check(t, err)
	process.Stderr = os.Stderr
	check(t, process.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		t.Fatalf("the other process said %q %v", line, err)
	}
	if lock, err := s.TryLock("a"); lock != nil || err != nil {
		t.Fatalf("the lock of another process was given to us: %v", err)
	}
	check(t, process.Process.Kill())
	lock, err := s.Lock(t.Context(), "a")
	check(t, err)
	lock.Unlock()
	_ = process.Wait() // it was killed
}
