package cgroup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/store"
)

func TestProcessorTimeGrowsAndIsHeldBackByAQuota(t *testing.T) {
	layouts(t, func(t *testing.T, tree *Tree) {
		wanted := resources(t, `{"cpu":{"maxUs":20000}}`)
		group := made(t, tree, "abc", wanted)
		process := inside(t, group, wanted)
		ownBefore, before := process.clock(), used(t, group).CPU
		if before == nil || before.ThrottledPeriods == nil {
			t.Fatal(shownUsage(before))
		}
		after := before
		for end := time.Now().Add(time.Minute); *after.ThrottledPeriods < *before.ThrottledPeriods+3 && time.Now().Before(end); after = used(t, group).CPU {
			process.do(`i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done`)
		}
		if own, grown := process.clock()-ownBefore, after.UsageUs-before.UsageUs; grown < own-10_000 || grown > own+10_000 {
			t.Errorf("the process itself used %d, the group %d", own, grown)
		}
		// Version 1 has the parts in ticks.
		if parts := after.UserUs + after.SystemUs; parts < after.UsageUs-50_000 || parts > after.UsageUs+50_000 {
			t.Errorf("the parts are not the whole: %s", shownUsage(after))
		}
		if *after.ThrottledPeriods < *before.ThrottledPeriods+3 || *after.ThrottledPeriods > *after.Periods || *before.ThrottledUs >= *after.ThrottledUs {
			t.Errorf("under a quota of a fifth: %s, and then %s", shownUsage(before), shownUsage(after))
		}
	})
}

const mebibyte = 1 << 20

func TestMemoryIsToldByKind(t *testing.T) {
	layouts(t, func(t *testing.T, tree *Tree) {
		wanted := resources(t, `{"memory":{"max":67108864,"swapMax":67108864}}`)
		group := made(t, tree, "abc", wanted)
		process := inside(t, group, wanted)
		held, release := holdMemory(t, process, 16*mebibyte)
		now := used(t, group).Memory
		release()
		if now == nil || *now.AnonBytes < held || *now.AnonBytes > held+4*mebibyte || now.CurrentBytes < *now.AnonBytes ||
			*now.PeakBytes < now.CurrentBytes || now.WorkingSetBytes < held || now.WorkingSetBytes > now.CurrentBytes || *now.MaxBytes != 64*mebibyte {
			t.Errorf("%d bytes are held: %s", held, shownUsage(now))
		}
		file := filepath.Join(t.TempDir(), "file")
		process.do("head -c 8388608 /dev/zero >" + file)
		after := used(t, group).Memory
		if *after.AnonBytes > held/2 || *after.FileBytes < 8*mebibyte || after.CurrentBytes-after.WorkingSetBytes < 6*mebibyte || *after.PeakBytes < held {
			t.Errorf("8 MiB of a file: %s", shownUsage(after))
		}
		if *after.OOMKills != 0 {
			t.Errorf("too early: %s", shownUsage(after))
		}
		process.do("dd if=/dev/zero of=/dev/null bs=256M count=1 2>/dev/null")
		if last := used(t, group).Memory; *last.OOMKills != 1 || *last.MaxReached == 0 {
			t.Errorf("more than there may be: %s", shownUsage(last))
		}
		noSwap := resources(t, `{"memory":{"max":67108864,"swapMax":0}}`)
		if _, err := group.Change(nil, wanted, noSwap); err != nil {
			t.Fatal(err)
		}
		before := used(t, group).Memory.MaxReached
		process.do("dd if=/dev/zero of=/dev/null bs=256M count=1 2>/dev/null")
		if last := used(t, group).Memory; *last.OOMKills != 2 || last.MaxReached != nil && *last.MaxReached == *before {
			t.Errorf("more than there may be, and no swap: %s", shownUsage(last))
		}
	})
}

// holdMemory has a process of the group fill memory, and wait until it is released.
func holdMemory(t *testing.T, process *shell, bytes int64) (held int64, release func()) {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	process.begin(fmt.Sprintf("dd if=/dev/zero of=%s bs=%d count=1 2>/dev/null", pipe, bytes))
	reader, err := os.Open(pipe)
	if err != nil {
		t.Fatal(err)
	}
	// It writes when it has read all, and the pipe is too small for that.
	if _, err := reader.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return bytes, func() {
		reader.Close()
		if _, err := process.said.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
}

func TestProcessesAreCounted(t *testing.T) {
	layouts(t, func(t *testing.T, tree *Tree) {
		wanted := resources(t, `{"pids":{"max":5}}`)
		group := made(t, tree, "abc", wanted)
		process := inside(t, group, wanted)
		process.do("sleep 1000 & sleep 1000 &")
		now := used(t, group).Pids
		processes, err := group.Processes()
		if err != nil || now.Current != 3 || len(processes) != 3 || *now.Max != 5 || *now.MaxReached != 0 {
			t.Errorf("%v are there: %s, %v", processes, shownUsage(now), err)
		}
		process.do("(for i in 1 2 3 4; do sleep 1000 & done) 2>/dev/null || :")
		if last := used(t, group).Pids; *last.MaxReached == 0 || last.Peak != nil && *last.Peak != 5 {
			t.Errorf("forks were refused: %s", shownUsage(last))
		}
	})
}

// Version 1 counts only for devices on which some group has a limit, since Linux 6.10.
func TestBytesToAndFromADeviceAreCounted(t *testing.T) {
	disk, number := loopDevice(t, 16*mebibyte)
	layouts(t, func(t *testing.T, tree *Tree) {
		wanted := resources(t, `{"io":{"max":[{"device":"`+disk+`","readBytes":1099511627776}]}}`)
		group := made(t, tree, "abc", wanted)
		process := inside(t, group, wanted)
		process.do("dd if=/dev/zero of=" + disk + " bs=1M count=8 oflag=direct 2>/dev/null")
		process.do("dd if=" + disk + " of=/dev/null bs=512K count=4 iflag=direct 2>/dev/null")
		for _, d := range used(t, group).IO {
			if d.Device != number {
				continue
			}
			if d.Name != filepath.Base(disk) || d.WriteBytes != 8*mebibyte || d.ReadBytes < 2*mebibyte || d.WriteOps < 8 || d.ReadOps < 4 {
				t.Errorf("8 MiB were written and 2 read: %s", shownUsage(d))
			}
			return
		}
		t.Errorf("no %s in %s", number, shownUsage(used(t, group).IO))
	})
}

// What a group uses is what all below it use; what the kernel counts for the one group alone is not said of it.
func TestADeclaredGroupUsesWhatIsInIt(t *testing.T) {
	g := groups(t)
	top := request(t, "top", `{"pids":{"max":4}}`, nil)
	put(t, g, first, top)
	claim, err := g.store.FindClaim(store.Cgroups, first)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Delete(context.Background(), first); err != nil {
			t.Error(err)
		}
	})
	container := madeAs(t, g.tree.Below(claim.Content, second), &api.GroupResources{})
	process := inside(t, container, &api.GroupResources{})
	process.do(`i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 1000 & (for i in 1 2 3 4; do sleep 1000 & done) 2>/dev/null || :`)
	held, release := holdMemory(t, process, 8*mebibyte)
	defer release()
	damage(t, g, put(t, g, third, request(t, "other", "{}", nil)))
	all, err := g.Stats(context.Background())
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	inner := used(t, container)
	if found := all[0]; found.Owner != top.Owner || found.Incarnation != first || *found.Memory.AnonBytes < held || found.CPU.UsageUs == 0 ||
		found.Pids.Current != inner.Pids.Current || *found.Pids.Max != 4 {
		t.Errorf("%s; in it %s", shownUsage(found), shownUsage(inner))
	}
}

// damage breaks the record of a group.
func damage(t *testing.T, g *Groups, answer api.CgroupAnswer) {
	t.Helper()
	slot, err := g.store.Hold(context.Background(), store.Cgroups, answer.Incarnation)
	if err != nil {
		t.Fatal(err)
	}
	defer slot.Release()
	files, err := filepath.Glob(filepath.Join(slot.Dir(), answer.Incarnation+"*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(g.tree.at(Declared("", answer.Slot)).Remove(context.Background()), os.Remove(files[0])); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatEndsWhileItIsReadIsNoError(t *testing.T) {
	tree := prepared(t)
	reader := tree.Reader()
	for round := range 100 {
		group := made(t, tree, fmt.Sprint("round", round), &api.GroupResources{})
		removed := make(chan error)
		go func() { removed <- group.Remove(context.Background()) }()
		for reading := true; reading; {
			usage, err := reader.Usage(group)
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			reading = usage.CPU != nil || usage.Memory != nil || usage.Pids != nil
		}
		if err := <-removed; err != nil {
			t.Fatal(err)
		}
	}
}

// Some kernels forget the end of a line, or put nothing in it, or know more words than we do.
func TestOddLinesAreUnderstood(t *testing.T) {
	tree := &Tree{Base: "base", Mounted: []Hierarchy{{Mount: t.TempDir(), Version: 2, Controllers: delegated}}}
	group := tree.Group("abc")
	folder := group.Folder(tree.Mounted[0])
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"io.stat":      "7:0 259:1 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 cost.usage=7\n7:1 rbytes=0 wbytes=0 rios=0 wios=0\nnonsense=9\n",
		"cpu.pressure": "some avg10=1.25 avg60=0.10 avg300=12.00 total=345\n",
		"cpu.stat":     "usage_usec 30\nuser_usec 20\nsystem_usec 10\nnr_periods\nelse 7",
		"pids.current": "max\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := `{"cpu":{"usageUs":30,"userUs":20,"systemUs":10},"io":[{"device":"259:1","readBytes":1,"writeBytes":2,"readOps":3,"writeOps":4,` +
		`"discardBytes":5,"discardOps":6}],"pressure":{"cpu":{"some":{"avg10":1.25,"avg60":0.1,"avg300":12,"totalUs":345}}}}`
	if got := shownUsage(used(t, group)); strings.ReplaceAll(got, `"name":"nvme0n1p1",`, "") != want {
		t.Errorf("got %s", got)
	}
}
