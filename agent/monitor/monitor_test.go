package monitor

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pulumi-slipway/agent/recipe"
)

// Every container on a host pays for what its monitor imports, in memory and in the time to start one. These are the
// packages it has; one more is a decision to be made, not something to happen.
func TestMonitorImportsNextToNothing(t *testing.T) {
	allowed := strings.Fields(`cmp errors iter pulumi-slipway/agent/cmd/slipway-monitor pulumi-slipway/agent/monitor
		pulumi-slipway/agent/recipe io math/bits runtime slices strings sync sync/atomic syscall unicode unicode/utf8 unsafe`)
	for _, architecture := range []string{"amd64", "arm64"} {
		list := exec.Command("go", "list", "-deps", "../cmd/slipway-monitor")
		list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+architecture)
		output, err := list.Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range strings.Fields(string(output)) {
			if !slices.Contains(allowed, name) && !strings.HasPrefix(name, "internal/") {
				t.Errorf("%s: the monitor imports %s", architecture, name)
			}
		}
	}
}

func TestTimesAreWrittenAsPackageTimeDoes(t *testing.T) {
	const form = "2006-01-02T15:04:05.000000000Z"
	day := int64(24 * 60 * 60)
	for _, seconds := range []int64{0, 1, day - 1, day, 951782399, 951782400, 1709164800, 4107542399, 4107542400, 253402300799} {
		for _, nanoseconds := range []int64{0, 7, 999999999} {
			got := stamp(seconds, nanoseconds)
			if want := time.Unix(seconds, nanoseconds).UTC().Format(form); string(got[:]) != want {
				t.Errorf("%d: got %s, want %s", seconds, got, want)
			}
		}
	}
	for seconds := int64(0); seconds < 200*366*day; seconds += 3*day + 12345 {
		got := stamp(seconds, 0)
		if want := time.Unix(seconds, 0).UTC().Format(form); string(got[:]) != want {
			t.Fatalf("%d: got %s, want %s", seconds, got, want)
		}
	}
	current := now()
	if at, err := time.Parse(time.RFC3339Nano, string(current[:])); err != nil || time.Since(at).Abs() > time.Minute {
		t.Error(at, err)
	}
}

func TestMessagesArriveAsTheyWereSent(t *testing.T) {
	o := Order{"/var/lib/slipway/containers/a/b", "/run/slipway/containers/b.json"}
	if got, ok := decodeOrder(o.Encode()); !ok || got != o {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"", "no end"} {
		if _, ok := decodeOrder([]byte(bad)); ok {
			t.Errorf("%q is an order", bad)
		}
	}
	for _, r := range []Report{
		{Kind: Started}, {Kind: Exited, Code: 255},
		{Kind: Failed, List: recipe.Child, Index: 77, Errno: syscall.ENOENT},
		{Kind: Failed, List: Own, Errno: syscall.EACCES, Step: "open", Object: "/a b"},
	} {
		if got, ok := DecodeReport(r.Encode()); !ok || got != r {
			t.Errorf("%+v arrived as %+v", r, got)
		}
	}
	if long := (Report{Kind: Failed, Object: strings.Repeat("x", 2*LargestReport)}).Encode(); len(long) > LargestReport {
		t.Error("a report is larger than what is received at once")
	}
	if _, ok := DecodeReport([]byte("short")); ok {
		t.Error("a short message is a report")
	}
}

// logged writes pieces of output into a log and answers the lines without their times.
func logged(t *testing.T, pieces ...[]byte) (folder string, lines []string) {
	t.Helper()
	folder = t.TempDir()
	descriptor, err := syscall.Open(folder, syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(descriptor) })
	l := &log{folder: descriptor}
	t.Cleanup(func() { syscall.Close(l.file) })
	for i, piece := range pieces {
		var pipe [2]int
		if err := syscall.Pipe2(pipe[:], syscall.O_NONBLOCK); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			file := os.NewFile(uintptr(pipe[1]), "pipe")
			_, err := file.Write(piece)
			file.Close()
			done <- err
		}()
		for l.copy(pipe[0], i%2) {
			time.Sleep(time.Millisecond)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		syscall.Close(pipe[0])
	}
	data, err := os.ReadFile(filepath.Join(folder, LogName))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		if _, err := time.Parse(time.RFC3339Nano, string(line[:stampSize])); err != nil || line[stampSize] != ' ' {
			t.Fatalf("%q: %v", line, err)
		}
		lines = append(lines, string(line[stampSize+1:]))
	}
	return folder, lines
}

func TestLogKeepsStreamsAndPartsApart(t *testing.T) {
	long := bytes.Repeat([]byte("x"), chunkSize+10)
	_, lines := logged(t, []byte("one\ntwo\n\nthree"), []byte("error\n"), []byte(" goes on\n"), nil, append(long, '\n'))
	want := []string{"stdout F one\n", "stdout F two\n", "stdout F \n", "stdout P three\n", "stderr F error\n", "stdout F  goes on\n"}
	if got := lines[:len(want)]; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	rest, parts := "", lines[len(want):]
	for i, line := range parts {
		rest += strings.TrimSuffix(line[len("stdout F "):], "\n")
		if last := i == len(parts)-1; strings.HasPrefix(line, "stdout F") != last {
			t.Errorf("part %d of %d: %.20q", i, len(parts), line)
		}
	}
	if rest != string(long) {
		t.Errorf("%d bytes of a long line became %d", len(long), len(rest))
	}
}

func TestLogIsPutAsideWhenItIsLarge(t *testing.T) {
	line := append(bytes.Repeat([]byte("y"), 1000), '\n')
	piece := bytes.Repeat(line, LogSize*3/2/len(line))
	folder, lines := logged(t, piece)
	older, err := os.Stat(filepath.Join(folder, OlderLogName))
	if err != nil {
		t.Fatal(err)
	}
	if size := older.Size(); size < LogSize || size > LogSize+4*chunkSize {
		t.Error("put aside at", size)
	}
	if len(lines) == 0 {
		t.Error("nothing is written afterwards")
	}
	full, err := os.ReadFile(filepath.Join(folder, OlderLogName))
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, text := range append(strings.SplitAfter(string(full), "\n"), lines...) {
		total += strings.Count(text, "y")
	}
	if want := bytes.Count(piece, []byte("y")); total != want {
		t.Errorf("%d of %d bytes are in the log", total, want)
	}
}

// A monitor takes no more memory after much output than after little: the garbage collector is off.
func TestLoggingAllocatesNothing(t *testing.T) {
	folder, err := syscall.Open(t.TempDir(), syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(folder)
	l := &log{folder: folder}
	output := bytes.Repeat([]byte("some output\n"), 100)
	l.write(output, 0)
	defer syscall.Close(l.file)
	if allocations := testing.AllocsPerRun(100, func() { l.write(output, 1) }); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}
