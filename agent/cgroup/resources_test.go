package cgroup

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// resources reads them in the form in which they are sent.
func resources(t *testing.T, text string) *api.GroupResources {
	t.Helper()
	var r api.GroupResources
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return &r
}

func shown(r *api.GroupResources) string {
	text, _ := json.Marshal(r)
	return string(text)
}

func holds(t *testing.T, group Group, wanted *api.GroupResources) {
	t.Helper()
	if got, err := group.Read(wanted); err != nil || !reflect.DeepEqual(got, wanted) {
		t.Fatalf("wanted %s, holds %s, %v", shown(wanted), shown(got), err)
	}
}

// content is what a file of the group says, "-" where there is no such file.
func (g Group) content(t *testing.T, controller, name string) string {
	t.Helper()
	h, _ := g.tree.with(controller)
	data, err := os.ReadFile(filepath.Join(g.Folder(h), name))
	if errors.Is(err, os.ErrNotExist) {
		return "-"
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

func TestResourcesAreHeldChangedAndLifted(t *testing.T) {
	tree := prepared(t)
	// Memory that is no whole page, quotas and weights read back as they were asked for. Each bounds what the next one
	// lifts, so that no order of writing would do for all.
	steps := []string{
		`{"memory":{"max":67108865,"swapMax":1048577},"cpu":{"maxUs":33333},"pids":{"max":20}}`,
		`{"memory":{"max":536870912,"swapMax":0},"cpu":{"maxUs":90000,"burstUs":90000,"weight":33},"pids":{"max":20}}`,
		`{"memory":{"max":16777216,"swapMax":-1,"low":4096},"cpu":{"maxUs":10000,"periodUs":20000,"burstUs":5000,"shares":700}}`,
		`{"cpuset":{"cpus":"0","mems":"0"},"cpu":{"maxUs":-1}}`,
		`{}`,
		`{"memory":{"max":33554432,"swapMax":33554432},"cpu":{"maxUs":1000,"weight":10000},"pids":{"max":4194304},"cpuset":{"cpus":"0"}}`,
	}
	all := resources(t, `{"cpuset":{"cpus":"0","mems":"0"}}`)
	group := made(t, tree, "abc", all)
	before := all
	for _, step := range steps {
		wanted := resources(t, step)
		if err := tree.Group("abc").Check(wanted); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		if _, err := group.Change(nil, before, wanted); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		holds(t, group, wanted)
		before = wanted
	}
	again := made(t, tree, "def", resources(t, steps[0]))
	holds(t, again, resources(t, steps[0]))
	drifted := resources(t, `{"memory":{"max":1073741824}}`)
	if got, err := group.Read(drifted); err != nil || *got.Memory.Max != 33554432 {
		t.Errorf("drift is hidden: %s, %v", shown(got), err)
	}
}

// What a limit is in the words of each version, as somebody would read it on the host.
func TestResourcesAreSaidInTheWordsOfTheVersion(t *testing.T) {
	tree := prepared(t)
	wanted := resources(t, `{"memory":{"max":67108864,"swapMax":33554432,"low":8192},
		"cpu":{"maxUs":50000,"shares":512},"pids":{"max":10},"cpuset":{"cpus":"0"}}`)
	group := made(t, tree, "abc", wanted)
	files := map[string][2]string{
		"memory": {"memory.limit_in_bytes 67108864, memory.soft_limit_in_bytes 8192", "memory.max 67108864, memory.low 8192"},
		"cpu":    {"cpu.cfs_quota_us 50000, cpu.cfs_period_us 100000, cpu.shares 512", "cpu.max 50000 100000, cpu.weight 50"},
		"pids":   {"pids.max 10", "pids.max 10"},
		"cpuset": {"cpuset.cpus 0", "cpuset.cpus 0"},
	}
	for controller, versions := range files {
		h, _ := tree.with(controller)
		for expected := range strings.SplitSeq(versions[h.Version-1], ", ") {
			name, want, _ := strings.Cut(expected, " ")
			if got := group.content(t, controller, name); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
	}
	if got := group.content(t, "memory", "memory.memsw.limit_in_bytes"); got != "-" && got != "100663296" {
		t.Errorf("memory and swap may be %s", got)
	}
}

func TestIOIsLimitedByDevice(t *testing.T) {
	tree := prepared(t)
	disk := blockDevice(t)
	wanted := resources(t, `{"io":{"max":[{"device":"`+disk+`","readBytes":1048576,"writeOps":100}]}}`)
	if _, ok := tree.with("io"); !ok {
		t.Skip("no mounted hierarchy has this controller")
	}
	group := tree.Group("abc")
	if err := errors.Join(group.MakeAbove(wanted), group.Check(wanted)); err != nil {
		t.Fatal(err)
	}
	group = made(t, tree, "abc", wanted)
	holds(t, group, wanted)
	other := resources(t, `{"io":{"max":[{"device":"`+disk+`","readBytes":2097152}]}}`)
	if _, err := group.Change(nil, wanted, other); err != nil {
		t.Fatal(err)
	}
	holds(t, group, other)
	if _, err := group.Change(nil, other, &api.GroupResources{}); err != nil {
		t.Fatal(err)
	}
	if got, err := group.Read(other); err != nil || got.IO.Max[0].ReadBytes != nil {
		t.Errorf("still %s, %v", shown(got), err)
	}
	// One disk by several names, as far as they do not contradict each other.
	path := filepath.Join(t.TempDir(), "disk")
	major, minor, _ := strings.Cut(disk, ":")
	if output, err := exec.Command("mknod", path, "b", major, minor).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	twice := resources(t, `{"io":{"max":[{"device":"`+path+`","readBytes":1048576,"writeOps":-1},{"device":"`+disk+`","writeBytes":2097152,"readBytes":1048576}]}}`)
	if _, err := group.Change(nil, other, twice); err != nil {
		t.Fatal(err)
	}
	holds(t, group, twice)
	other = twice
	var problem *api.Problem
	contrary := resources(t, `{"io":{"max":[{"device":"`+path+`","readBytes":1048576},{"device":"`+disk+`","readBytes":2097152}]}}`)
	if _, err := group.Change(nil, other, contrary); !errors.As(err, &problem) ||
		!strings.Contains(problem.Detail, path+" and "+disk+" are one device ("+disk+"), which cannot have both 1048576 and 2097152 bytes read a second") {
		t.Error(err)
	}
	missing := resources(t, `{"io":{"max":[{"device":"/dev/null","readBytes":1048576}]}}`)
	if _, err := group.Change(nil, other, missing); !errors.As(err, &problem) || !strings.Contains(problem.Detail, "/dev/null is no block device") {
		t.Error(err)
	}
}

// blockDevice is a whole disk of this machine.
func blockDevice(t *testing.T) string {
	t.Helper()
	disks, err := filepath.Glob("/sys/block/*/dev")
	if err != nil || len(disks) == 0 {
		t.Skip("this machine has no block device")
	}
	number, err := os.ReadFile(disks[0])
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(number))
}

func TestWhatIsRefusedChangesNothing(t *testing.T) {
	tree := prepared(t)
	before := resources(t, `{"pids":{"max":10},"cpu":{"maxUs":50000}}`)
	group := made(t, tree, "abc", before)
	// The kernel takes a burst up to the quota; what comes before and after it is taken.
	wanted := resources(t, `{"pids":{"max":11},"memory":{"max":67108864},"cpu":{"maxUs":60000,"burstUs":70000}}`)
	left, err := group.Change(nil, before, wanted)
	var problem *api.Problem
	if !errors.As(err, &problem) || problem.Code != api.CodeLimitUnsupported || len(left) != 0 {
		t.Fatal(left, err)
	}
	for _, want := range []string{"`cpu.burst`: writing 70000 to ", "; it is at most the quota", ". Nothing was changed"} {
		if !strings.Contains(problem.Detail, want) {
			t.Errorf("no %s in %s", want, problem.Detail)
		}
	}
	holds(t, group, before)
	unset := resources(t, `{"memory":{"max":-1},"cpu":{"burstUs":0}}`)
	holds(t, group, unset)
}

func TestMoreThanThereIsIsRefused(t *testing.T) {
	tree := prepared(t)
	for _, wanted := range []string{`{"cpu":{"maxUs":900000000}}`, `{"cpuset":{"cpus":"0,8000"}}`, `{"cpuset":{"mems":"700"}}`} {
		var problem *api.Problem
		group := tree.Group("abc")
		if err := group.MakeAbove(resources(t, wanted)); err != nil {
			t.Fatal(err)
		}
		if err := group.Check(resources(t, wanted)); !errors.As(err, &problem) || !strings.Contains(problem.Detail, "the host has") {
			t.Errorf("%s: %v", wanted, err)
		}
	}
	if err := tree.Group("abc").Check(resources(t, `{"cpu":{"maxUs":100000},"cpuset":{"cpus":"0","mems":"0"}}`)); err != nil {
		t.Error(err)
	}
}

func TestBadResourcesAreRefusedAllAtOnce(t *testing.T) {
	err := Validate(resources(t, `{"memory":{"max":1,"swapMax":-2},"cpu":{"maxUs":1,"weight":0,"shares":1},"pids":{"max":-5},
		"cpuset":{"cpus":"1-"},"io":{"weight":20000,"max":[{"device":"sda","readBytes":0}]},"devices":["x"],"hugetlb":[{"pageSize":"2","max":1}]}`))
	var problem *api.Problem
	if !errors.As(err, &problem) || problem.Code != api.CodeInvalid {
		t.Fatal(err)
	}
	for _, name := range []string{"memory.max", "memory.swapMax", "cpu.max", "cpu.weight", "cpu.shares", "pids.max", "cpuset.cpus", "io.weight",
		"io.max", "devices", "hugetlb"} {
		if !strings.Contains(problem.Detail, "`"+name+"`") {
			t.Errorf("%s is missing in: %s", name, problem.Detail)
		}
	}
	tree := &Tree{Base: "none", Mounted: []Hierarchy{{Version: 1, Controllers: []string{"pids"}}}}
	if err := tree.Group("abc").Check(resources(t, `{"cpu":{"maxUs":1000}}`)); !errors.As(err, &problem) || problem.Code != api.CodeLimitUnsupported {
		t.Error(err)
	}
}

// A process in the group tries each way to use a device.
func TestDevicesAreAllowedByRules(t *testing.T) {
	tree := prepared(t)
	wanted := resources(t, `{"devices":["c 1:3 rwm","c 1:5 r"]}`)
	if _, ok := tree.with("devices"); !ok {
		t.Skip("no mounted hierarchy has this controller")
	}
	group := tree.Group("abc")
	if err := errors.Join(group.MakeAbove(wanted), group.Check(wanted)); err != nil {
		t.Fatal(err)
	}
	group = made(t, tree, "abc", wanted)
	holds(t, group, wanted)
	check := func(want string) {
		t.Helper()
		if got := insideOf(t, group, wanted, `
			(: > /dev/null) 2>/dev/null && echo null-w
			(: < /dev/zero) 2>/dev/null && echo zero-r
			(: > /dev/zero) 2>/dev/null && echo zero-w
			(: < /dev/urandom) 2>/dev/null && echo urandom-r
			true`); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	check("null-w zero-r")
	more := resources(t, `{"devices":["c 1:* rw"]}`)
	if _, err := group.Change(nil, wanted, more); err != nil {
		t.Fatal(err)
	}
	holds(t, group, more)
	check("null-w zero-r zero-w urandom-r")
}

// An agent that was killed while it took memory back left the container slowed down; the same request ends that.
func TestTakingMemoryBackLeavesNothing(t *testing.T) {
	p := place{folder: t.TempDir(), version: 2}
	for used, want := range map[string]error{"100": nil, "300": unix.EBUSY} {
		for name, text := range map[string]string{"memory.current": used, "memory.high": "200"} {
			if err := os.WriteFile(p.path(name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := takeBack(p, 200, "max"); !errors.Is(err, want) {
			t.Errorf("%s used: %v", used, err)
		}
		if left, err := os.ReadFile(p.path("memory.high")); err != nil || string(left) != "max" {
			t.Errorf("%s used: left %q %v", used, left, err)
		}
	}
}

// A program for hosts of both versions says of some things that they are as they always are.
func TestWhatIsAsAlwaysNeedsNoFile(t *testing.T) {
	tree := prepared(t)
	wanted := resources(t, `{"memory":{"max":67108864,"high":-1,"min":0,"oomGroup":false}}`)
	group := made(t, tree, "abc", wanted)
	if err := group.Check(wanted); err != nil {
		t.Fatal(err)
	}
	holds(t, group, wanted)
	other := resources(t, `{"memory":{"max":33554432,"high":-1,"min":0,"oomGroup":false}}`)
	if _, err := group.Change(nil, wanted, other); err != nil {
		t.Fatal(err)
	}
	holds(t, group, other)
}
