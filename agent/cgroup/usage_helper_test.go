package cgroup

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// shell is one in a group that does what it is told, line by line, and says "done" after each.
type shell struct {
	t      *testing.T
	orders *os.File
	said   *bufio.Reader
	pid    int
}

func inside(t *testing.T, group Group, wanted *api.GroupResources) *shell {
	t.Helper()
	enter := ""
	for _, h := range group.Entered(wanted) {
		enter += "echo 0 > " + filepath.Join(group.Folder(h), "cgroup.procs") + " && "
	}
	command := exec.Command("sh", "-c", enter+`while read -r order; do eval "$order"; echo done; done`)
	orders, ours, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stdin, command.Stderr = orders, os.Stderr
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	orders.Close()
	t.Cleanup(func() {
		ours.Close()
		_ = command.Wait()
	})
	s := &shell{t, ours, bufio.NewReader(output), command.Process.Pid}
	s.do(":")
	return s
}

// do has the shell do something, and waits until it is done.
func (s *shell) do(order string) {
	s.t.Helper()
	s.begin(order)
	if said, err := s.said.ReadString('\n'); err != nil || said != "done\n" {
		s.t.Fatalf("%s: said %q, %v", order, said, err)
	}
}

func (s *shell) begin(order string) {
	s.t.Helper()
	if _, err := fmt.Fprintln(s.orders, order); err != nil {
		s.t.Fatal(err)
	}
}

// clock is the processor time of the shell itself in microseconds, which the kernel accounts for apart from groups.
func (s *shell) clock() int64 {
	s.t.Helper()
	// What clock_getcpuclockid(3) makes of a process id.
	const scheduled = 2
	var clock unix.Timespec
	if err := unix.ClockGettime(int32(^s.pid<<3|scheduled), &clock); err != nil {
		s.t.Fatal(err)
	}
	return clock.Nano() / 1000
}

func used(t *testing.T, group Group) api.Usage {
	t.Helper()
	usage, err := group.tree.Reader().Usage(group)
	if err != nil {
		t.Fatal(err)
	}
	return usage
}

// layouts runs a test on this host's hierarchies as they are mounted, and where version 1 is among them, on that alone.
func layouts(t *testing.T, test func(*testing.T, *Tree)) {
	tree := prepared(t)
	t.Run("as mounted", func(t *testing.T) { test(t, tree) })
	alone := &Tree{Base: tree.Base}
	for _, h := range tree.Mounted {
		if h.Version == 1 {
			alone.Mounted = append(alone.Mounted, h)
		}
	}
	if len(alone.Mounted) == 0 {
		return
	}
	alone.Entered = choose(alone.Mounted, tree.Base)
	t.Run("version 1 alone", func(t *testing.T) {
		if err := alone.Prepare(); err != nil {
			t.Fatal(err)
		}
		test(t, alone)
	})
}

// loopDevice is a block device of the test's own: its path and its number.
func loopDevice(t *testing.T, bytes int64) (path, number string) {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "disk"))
	if err == nil {
		err = file.Truncate(bytes)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	for {
		free, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			t.Fatal(err)
		}
		path = fmt.Sprintf("/dev/loop%d", free)
		device, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		err = unix.IoctlLoopConfigure(int(device.Fd()), &unix.LoopConfig{Fd: uint32(file.Fd())})
		if err == unix.EBUSY {
			device.Close()
			continue // Somebody else was quicker.
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := unix.IoctlSetInt(int(device.Fd()), unix.LOOP_CLR_FD, 0); err != nil {
				t.Error(err)
			}
			device.Close()
		})
		number, err = deviceNumber(path)
		if err != nil {
			t.Fatal(err)
		}
		return path, number
	}
}
