package cgroup

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestHierarchiesAreFoundWhereTheyAreMounted(t *testing.T) {
	mountinfo := `22 27 0:21 / /proc rw - proc proc rw
41 31 0:38 /docker/abc /inside rw - cgroup2 cgroup2 rw
42 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:5 - cgroup2 cgroup2 rw
43 31 0:39 / /odd\040place rw - cgroup cgroup rw,cpu,cpuacct
44 31 0:40 /part /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
45 31 0:41 / /sys/fs/cgroup/systemd rw - cgroup none rw,xattr,name=systemd
broken line
`
	want := []Hierarchy{
		{Mount: "/sys/fs/cgroup/unified", Version: 2},
		{Mount: "/odd place", Version: 1, Controllers: []string{"rw", "cpu", "cpuacct"}},
		{Mount: "/sys/fs/cgroup/memory", Version: 1, Controllers: []string{"rw", "memory"}},
		{Mount: "/sys/fs/cgroup/systemd", Version: 1, Controllers: []string{"rw", "xattr", "name=systemd"}},
	}
	if got := parse(mountinfo); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v", got)
	}
}

func TestOnlyHierarchiesThatLimitTellOrTrackAreEntered(t *testing.T) {
	memory := Hierarchy{Mount: "/m", Version: 1, Controllers: []string{"memory"}}
	both := Hierarchy{Mount: "/b", Version: 1, Controllers: []string{"cpu", "cpuacct"}}
	tracked := Hierarchy{Mount: t.TempDir(), Version: 1, Controllers: []string{"name=systemd"}}
	if err := os.Mkdir(filepath.Join(tracked.Mount, "system.slice"), 0o755); err != nil {
		t.Fatal(err)
	}
	unified := Hierarchy{Mount: "/u", Version: 2, Controllers: []string{"pids", "hugetlb"}}
	bare := Hierarchy{Mount: "/u", Version: 2}
	blocks := Hierarchy{Mount: "/k", Version: 1, Controllers: []string{"blkio"}}
	frozen := Hierarchy{Mount: "/f", Version: 1, Controllers: []string{"freezer"}}
	idle := Hierarchy{Mount: "/i", Version: 1, Controllers: []string{"perf_event"}}
	for name, c := range map[string]struct {
		mounted []Hierarchy
		base    string
		want    []Hierarchy
	}{
		"hybrid":         {[]Hierarchy{unified, memory, frozen, both}, "base", []Hierarchy{memory, both, unified}},
		"bare hybrid":    {[]Hierarchy{bare, memory, idle}, "base", []Hierarchy{memory, bare}},
		"version 1":      {[]Hierarchy{memory, frozen, blocks, both, idle}, "base", []Hierarchy{memory, frozen, blocks, both}},
		"pure":           {[]Hierarchy{unified}, "base", []Hierarchy{unified}},
		"systemd's":      {[]Hierarchy{memory, tracked}, "system.slice/slipway.service", []Hierarchy{memory, tracked}},
		"not systemd's":  {[]Hierarchy{memory, tracked}, "base", []Hierarchy{memory}},
		"nothing limits": {[]Hierarchy{idle}, "base", []Hierarchy{idle}},
		"none":           {nil, "base", nil},
	} {
		if got := choose(c.mounted, c.base); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}
