package cgroup

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func shownUsage(usage any) string {
	text, _ := json.Marshal(usage)
	return string(text)
}

// source says where a number stands: the controller whose hierarchy has the file, the file, and the word before the number,
// "" where it stands alone. What is divided and multiplied by makes microseconds of it, where that is not 0.
type source struct {
	controller, file, key string
	divisor, factor       int64
}

// sources are those of a layout, by the name of the field.
func sources(tree *Tree) map[string]source {
	all := map[string]source{}
	memory, _ := tree.with("memory")
	for field, files := range map[string][2]source{
		"memory.currentBytes":     {{file: "memory.usage_in_bytes"}, {file: "memory.current"}},
		"memory.peakBytes":        {{file: "memory.max_usage_in_bytes"}, {file: "memory.peak"}},
		"memory.maxBytes":         {{file: "memory.limit_in_bytes"}, {file: "memory.max"}},
		"memory.swapBytes":        {{file: "memory.stat", key: "total_swap"}, {file: "memory.swap.current"}},
		"memory.anonBytes":        {{file: "memory.stat", key: "total_rss"}, {file: "memory.stat", key: "anon"}},
		"memory.fileBytes":        {{file: "memory.stat", key: "total_cache"}, {file: "memory.stat", key: "file"}},
		"memory.shmemBytes":       {{file: "memory.stat", key: "total_shmem"}, {file: "memory.stat", key: "shmem"}},
		"memory.mappedBytes":      {{file: "memory.stat", key: "total_mapped_file"}, {file: "memory.stat", key: "file_mapped"}},
		"memory.dirtyBytes":       {{file: "memory.stat", key: "total_dirty"}, {file: "memory.stat", key: "file_dirty"}},
		"memory.writebackBytes":   {{file: "memory.stat", key: "total_writeback"}, {file: "memory.stat", key: "file_writeback"}},
		"memory.kernelBytes":      {{file: "memory.kmem.usage_in_bytes"}, {file: "memory.stat", key: "kernel"}},
		"memory.slabBytes":        {{}, {file: "memory.stat", key: "slab"}},
		"memory.kernelStackBytes": {{}, {file: "memory.stat", key: "kernel_stack"}},
		"memory.pageTablesBytes":  {{}, {file: "memory.stat", key: "pagetables"}},
		"memory.socketBytes":      {{file: "memory.kmem.tcp.usage_in_bytes"}, {file: "memory.stat", key: "sock"}},
		"memory.majorFaults":      {{file: "memory.stat", key: "total_pgmajfault"}, {file: "memory.stat", key: "pgmajfault"}},
		"memory.maxReached":       {{file: "memory.failcnt"}, {file: "memory.events", key: "max"}},
		"memory.oomKills":         {{file: "memory.oom_control", key: "oom_kill"}, {file: "memory.events", key: "oom_kill"}},
	} {
		files[memory.Version-1].controller = "memory"
		all[field] = files[memory.Version-1]
	}
	for field, s := range map[string]source{
		"pids.current": {file: "pids.current"}, "pids.peak": {file: "pids.peak"}, "pids.max": {file: "pids.max"},
		"pids.maxReached": {file: "pids.events", key: "max"},
	} {
		s.controller = "pids"
		all[field] = s
	}
	if quota, _ := tree.with("cpu"); quota.Version == 1 {
		all["cpu.periods"] = source{"cpu", "cpu.stat", "nr_periods", 0, 0}
		all["cpu.throttledPeriods"] = source{"cpu", "cpu.stat", "nr_throttled", 0, 0}
		all["cpu.throttledUs"] = source{"cpu", "cpu.stat", "throttled_time", 1000, 0}
	} else {
		all["cpu.periods"] = source{"", "cpu.stat", "nr_periods", 0, 0}
		all["cpu.throttledPeriods"] = source{"", "cpu.stat", "nr_throttled", 0, 0}
		all["cpu.throttledUs"] = source{"", "cpu.stat", "throttled_usec", 0, 0}
	}
	if tree.unified() {
		all["cpu.usageUs"] = source{"", "cpu.stat", "usage_usec", 0, 0}
		all["cpu.userUs"] = source{"", "cpu.stat", "user_usec", 0, 0}
		all["cpu.systemUs"] = source{"", "cpu.stat", "system_usec", 0, 0}
		for _, resource := range []string{"cpu", "memory", "io"} {
			for _, who := range []string{"some", "full"} {
				all["pressure."+resource+"."+who+".totalUs"] = source{"", resource + ".pressure", who, 0, 0}
			}
		}
	} else {
		all["cpu.usageUs"] = source{"cpuacct", "cpuacct.usage", "", 1000, 0}
		all["cpu.userUs"] = source{"cpuacct", "cpuacct.stat", "user", 0, 10_000}
		all["cpu.systemUs"] = source{"cpuacct", "cpuacct.stat", "system", 0, 10_000}
	}
	return all
}

func (t *Tree) unified() bool {
	for _, h := range t.Mounted {
		if h.Version == 2 {
			return true
		}
	}
	return false
}

// Every number is the one that cat prints, and every one that cat prints is there.
func TestNumbersAreThoseOfTheFiles(t *testing.T) {
	layouts(t, func(t *testing.T, tree *Tree) {
		wanted := resources(t, `{"memory":{"max":67108864,"swapMax":16777216},"pids":{"max":20},"cpu":{"maxUs":50000}}`)
		group := made(t, tree, "abc", wanted)
		process := inside(t, group, wanted)
		process.do(`i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; head -c 4194304 /dev/zero >` + t.TempDir() + `/file; sleep 1000 &`)
		all := sources(tree)
		// The kernel sums some of them up a little later, while nothing happens any more.
		var wrong string
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			before := printed(group, all)
			var object map[string]any
			if err := json.Unmarshal([]byte(shownUsage(used(t, group))), &object); err != nil {
				t.Fatal(err)
			}
			if after := printed(group, all); fmt.Sprint(before) != fmt.Sprint(after) {
				wrong = fmt.Sprintf("%v became %v", before, after)
				continue
			}
			wrong = ""
			for field := range all {
				want, has := before[field]
				got, ok := at(object, strings.Split(field, "."))
				if has != ok || has && got != want {
					wrong += fmt.Sprintf("%s: got %v, the file says %v; ", field, got, want)
				}
			}
			if wrong == "" {
				return
			}
		}
		t.Error(wrong)
	})
}

func at(object any, path []string) (int64, bool) {
	for _, name := range path {
		fields, _ := object.(map[string]any)
		object = fields[name]
	}
	number, ok := object.(float64)
	return int64(number), ok
}

// printed are the numbers as cat prints them, of the fields whose files are there and have them.
func printed(group Group, all map[string]source) map[string]int64 {
	texts, found := map[string]string{}, map[string]int64{}
	for field, s := range all {
		path := ""
		for _, h := range group.tree.Mounted {
			if s.controller == "" && h.Version == 2 || s.controller != "" && h.has(s.controller) {
				path = filepath.Join(group.Folder(h), s.file)
				break
			}
		}
		if _, known := texts[path]; !known {
			// Where there is no such file, nothing is printed.
			text, _ := exec.Command("cat", path).Output()
			texts[path] = string(text)
		}
		for line := range strings.Lines(texts[path]) {
			words := strings.Fields(line)
			number, err := strconv.ParseInt(strings.TrimPrefix(words[len(words)-1], "total="), 10, 64)
			if err == nil && (s.key == "" || words[0] == s.key) {
				found[field] = number / max(1, s.divisor) * max(1, s.factor)
			}
		}
	}
	return found
}
