package container

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
	"pulumi-slipway/agent/store"
)

func resources(t testing.TB, text string) *api.GroupResources {
	t.Helper()
	var r api.GroupResources
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

func TestLimitsAreEnforced(t *testing.T) {
	h := newHost(t)
	r := h.shell("(for i in $(seq 12); do sleep 0.2 & done) 2>&1 | grep -q fork && echo no more processes")
	r.Resources = resources(t, `{"pids":{"max":6}}`)
	expect(t, "processes", strings.Split(h.output(r), "\n"), []string{"no more processes"})

	r = h.shell("")
	r.Resources = resources(t, `{"memory":{"max":16777216}}`)
	r.Command = []string{"dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"}
	problem := h.refused(nonce(), r, api.CodeJobFailed)
	if *problem.ExitCode != 137 || !strings.Contains(problem.Detail, "SIGKILL") {
		t.Error(describe(problem))
	}
	for bad, name := range map[string]string{`{"memory":{"max":1}}`: "memory", `{"cpu":{"maxUs":10}}`: "cpus", `{"pids":{"max":5000000}}`: "pidsLimit"} {
		r := h.shell("")
		r.Resources = resources(t, bad)
		if problem := h.refused(nonce(), r, api.CodeInvalid); !strings.Contains(problem.Detail, name) {
			t.Error(problem)
		}
	}
}

// What nobody but the kernel knows to be wrong is told as what the program called it, and leaves nothing.
func TestALimitThatTheKernelRefusesLeavesNothing(t *testing.T) {
	h := newHost(t)
	for limits, want := range map[string]string{
		`{"io":{"max":[{"device":"4000:9","readBytes":4096}]}}`:                                                     "`io.max` (a container's `deviceReadBps` and the like): writing 4000:9 ",
		`{"io":{"max":[{"device":"/dev/null","readOps":4096}]},"cpuset":{"cpus":"5000"},"cpu":{"maxUs":900000000}}`: "`cpu.max` (a container's `cpus` or `cpuQuota`): the host has ",
		`{"cpuset":{"cpus":"5000"},"io":{"max":[{"device":"/dev/null","readOps":4096}]}}`:                           "the host has no processor 5000; `io.max` (a container's `deviceReadBps` and the like): /dev/null is no block device",
	} {
		incarnation, r := nonce(), h.service("")
		r.Resources = resources(t, limits)
		if problem := h.refused(incarnation, r, api.CodeLimitUnsupported); !strings.Contains(problem.Detail, want) {
			t.Error(describe(problem))
		}
		if _, err := h.store.FindContainer(incarnation); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		if groups, err := h.tree.Containers(); err != nil || len(groups) != 0 {
			t.Error(groups, err)
		}
	}
}

// An agent that is killed while it changes limits leaves some; the next one puts them back.
func TestLimitsOfACutOffChangeAreTakenBack(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	r := h.service("")
	r.Resources = resources(t, `{"pids":{"max":20}}`)
	h.put(incarnation, r)
	p, err := h.find(incarnation)
	if err != nil {
		t.Fatal(err)
	}
	before, other := resourcesOf(r), resources(t, `{"pids":{"max":30},"cpu":{"maxUs":50000},"memory":{"max":67108864}}`)
	known, err := p.readRecord()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.group.Change(nil, before, other); err != nil {
		t.Fatal(err)
	}
	known.Touched = cgroup.Names(nil, before, other)
	if err := h.store.NoteRecord(p.file(store.RecordName), known); err != nil {
		t.Fatal(err)
	}
	if err := h.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := resources(t, `{"pids":{"max":20},"cpu":{"maxUs":-1},"memory":{"max":-1}}`)
	if held, err := p.group.Read(want); err != nil || !reflect.DeepEqual(held, want) {
		text, _ := json.Marshal(held)
		t.Errorf("%s, %v", text, err)
	}
	if known, err = p.readRecord(); err != nil || len(known.Touched) != 0 {
		t.Errorf("%v, %v", known.Touched, err)
	}
}

// A limit below what a container uses is refused, whatever the kernel would do to hold it.
func TestMemoryInUseIsNotTakenAway(t *testing.T) {
	swaps, err := os.ReadFile("/proc/swaps")
	if err != nil || strings.Count(string(swaps), "\n") > 1 {
		t.Skip("what a container uses could be swapped out: ", err)
	}
	h := newHost(t)
	incarnation := nonce()
	r := h.service("head -c 30000000 /dev/zero > /dev/shm/used; echo full")
	r.Resources = resources(t, `{"memory":{"max":67108864}}`)
	h.put(incarnation, r)
	await(t, "it is full", func() bool { return len(h.log(incarnation)) > 0 })
	pid := h.pid(incarnation)
	lower := r
	lower.Resources = resources(t, `{"memory":{"max":16777216},"pids":{"max":30},"cpu":{"maxUs":50000}}`)
	problem := h.refused(incarnation, lower, api.CodeLimitUnsupported)
	if !strings.Contains(problem.Detail, "are in use, and the kernel could not take enough of that back") ||
		!strings.HasSuffix(problem.Detail, "Nothing was changed") {
		t.Error(describe(problem))
	}
	rest := resources(t, `{"pids":{"max":-1},"cpu":{"maxUs":-1}}`)
	if held, err := h.groupOf(incarnation).Read(rest); err != nil || !reflect.DeepEqual(held, rest) {
		t.Errorf("what was refused is in force: %v", err)
	}
	if answer := h.get(incarnation); h.pid(incarnation) != pid || *answer.Resources.Memory.Max != *r.Resources.Memory.Max {
		t.Errorf("%+v", answer)
	}
	r.Resources = resources(t, `{"memory":{"max":50331648}}`)
	if answer := h.put(incarnation, r); h.pid(incarnation) != pid || *answer.Resources.Memory.Max != *r.Resources.Memory.Max {
		t.Errorf("%+v", answer)
	}
}

func TestLimitsChangeOnTheRunningContainer(t *testing.T) {
	h := newHost(t)
	incarnation := nonce()
	r := h.service("echo ready")
	check := func(what string, got, want *api.GroupResources) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			text, _ := json.Marshal(got)
			t.Errorf("%s: %s", what, text)
		}
	}
	r.Resources = resources(t, `{"memory":{"max":67108865},"cpu":{"maxUs":33333,"shares":200},"pids":{"max":20},"cpuset":{"cpus":"0"}}`)
	check("made", h.put(incarnation, r).Resources, r.Resources)
	pid := h.pid(incarnation)
	r.Resources = resources(t, `{"memory":{"max":268435456},"pids":{"max":30}}`)
	check("changed", h.put(incarnation, r).Resources, r.Resources)
	check("observed", h.get(incarnation).Resources, r.Resources)
	// A hierarchy of version 1 that the container did not enter at its start.
	if disks, _ := filepath.Glob("/sys/block/*/dev"); len(disks) > 0 {
		number, _ := os.ReadFile(disks[0])
		disk := strings.TrimSpace(string(number))
		r.Resources = resources(t, `{"memory":{"max":268435456},"io":{"max":[{"device":"`+disk+`","readBytes":1048576}]}}`)
		check("joined", h.put(incarnation, r).Resources, r.Resources)
	}
	r.Resources = resources(t, `{"memory":{"max":268435456},"pids":{"max":30}}`)
	check("changed back", h.put(incarnation, r).Resources, r.Resources)

	// Somebody else changes them: seen as what they are, and put right.
	p, err := h.find(incarnation)
	if err != nil {
		t.Fatal(err)
	}
	for _, entered := range h.tree.Entered {
		for _, name := range []string{"memory.limit_in_bytes", "memory.max"} {
			file, err := os.OpenFile(filepath.Join(p.group.Folder(entered), name), os.O_WRONLY, 0)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := file.WriteString("134217728"); err != nil {
				t.Fatal(err)
			}
			file.Close()
		}
	}
	check("drifted", h.get(incarnation).Resources, resources(t, `{"memory":{"max":134217728},"pids":{"max":30}}`))
	check("repaired", h.put(incarnation, r).Resources, r.Resources)
	if h.pid(incarnation) != pid {
		t.Error("the process is another one")
	}

	// The next start has the limits of the last request, not of the first.
	if err := h.stop(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	check("started again", h.put(incarnation, r).Resources, r.Resources)
}
