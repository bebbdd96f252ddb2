package cgroup

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pulumi-slipway/agent/api"
)

// by hand are a file and what somebody writes into it; "" where the version has no such setting.
type byHand struct{ file, value string }

// What somebody changes by hand is read as what it then is, and nothing else with it. That is tried for every setting there
// is, on each version.
func TestEveryChangeByHandIsSeen(t *testing.T) {
	tree := prepared(t)
	disk := blockDevice(t)
	none := &api.GroupResources{}
	lacking := regexp.MustCompile("^limit_unsupported: `[a-z.A-Z]+`.*: (control groups of version 1 have nothing like memory[a-z.]+; the host needs version 2" +
		"|this kernel has no [a-z.]+(, which came with Linux [0-9.]+|; it was built, or started, without it))$")
	var refused []string
	for _, c := range []struct {
		wanted, seen string
		byHand       [2]byHand
	}{
		{`{"cpu":{"maxUs":50000}}`, `{"cpu":{"maxUs":70000}}`,
			[2]byHand{{"cpu.cfs_quota_us", "70000"}, {"cpu.max", "70000"}}},
		{`{"cpu":{"maxUs":50000}}`, `{"cpu":{"maxUs":-1}}`,
			[2]byHand{{"cpu.cfs_quota_us", "-1"}, {"cpu.max", "max"}}},
		{`{"cpu":{"maxUs":50000}}`, `{"cpu":{"maxUs":50000,"periodUs":200000}}`,
			[2]byHand{{"cpu.cfs_period_us", "200000"}, {"cpu.max", "50000 200000"}}},
		{`{"cpu":{"maxUs":50000,"periodUs":50000}}`, `{"cpu":{"maxUs":50000,"periodUs":100000}}`,
			[2]byHand{{"cpu.cfs_period_us", "100000"}, {"cpu.max", "50000 100000"}}},
		{`{"cpu":{"maxUs":50000,"burstUs":10000}}`, `{"cpu":{"maxUs":50000,"burstUs":5000}}`,
			[2]byHand{{"cpu.cfs_burst_us", "5000"}, {"cpu.max.burst", "5000"}}},
		{`{"cpu":{"weight":200}}`, `{"cpu":{"weight":100}}`, [2]byHand{{"cpu.shares", "1024"}, {"cpu.weight", "100"}}},
		{`{"cpu":{"shares":700}}`, `{"cpu":{"shares":1024}}`, [2]byHand{{"cpu.shares", "1024"}, {"cpu.weight", "100"}}},
		{`{"cpuset":{"cpus":"0"}}`, `{"cpuset":{"cpus":"0-1"}}`, [2]byHand{{"cpuset.cpus", "0-1"}, {"cpuset.cpus", "0-1"}}},
		// Version 1 refuses a group without any.
		{`{"cpuset":{"mems":"0"}}`, `{"cpuset":{}}`, [2]byHand{{}, {"cpuset.mems", "\n"}}},
		{`{"memory":{"max":67108865}}`, `{"memory":{"max":33554432}}`,
			[2]byHand{{"memory.limit_in_bytes", "33554432"}, {"memory.max", "33554432"}}},
		{`{"memory":{"max":67108865}}`, `{"memory":{"max":-1}}`, [2]byHand{{"memory.limit_in_bytes", "-1"}, {"memory.max", "max"}}},
		{`{"memory":{"low":8192}}`, `{"memory":{"low":4096}}`, [2]byHand{{"memory.soft_limit_in_bytes", "4096"}, {"memory.low", "4096"}}},
		{`{"memory":{"low":8192}}`, `{"memory":{"low":0}}`, [2]byHand{{"memory.soft_limit_in_bytes", "-1"}, {"memory.low", "0"}}},
		{`{"memory":{"low":0}}`, `{"memory":{"low":4096}}`, [2]byHand{{"memory.soft_limit_in_bytes", "4096"}, {"memory.low", "4096"}}},
		{`{"memory":{"max":67108864,"swapMax":0}}`, `{"memory":{"max":67108864,"swapMax":33554432}}`,
			[2]byHand{{"memory.memsw.limit_in_bytes", "100663296"}, {"memory.swap.max", "33554432"}}},
		{`{"memory":{"max":67108864,"swapMax":33554432}}`, `{"memory":{"max":33554432,"swapMax":33554432}}`,
			[2]byHand{{"memory.limit_in_bytes", "33554432"}, {"memory.max", "33554432"}}},
		{`{"memory":{"high":67108864}}`, `{"memory":{"high":-1}}`, [2]byHand{{}, {"memory.high", "max"}}},
		{`{"memory":{"min":8192}}`, `{"memory":{"min":4096}}`, [2]byHand{{}, {"memory.min", "4096"}}},
		{`{"memory":{"oomGroup":true}}`, `{"memory":{"oomGroup":false}}`, [2]byHand{{}, {"memory.oom.group", "0"}}},
		{`{"pids":{"max":20}}`, `{"pids":{"max":30}}`, [2]byHand{{"pids.max", "30"}, {"pids.max", "30"}}},
		{`{"pids":{"max":20}}`, `{"pids":{"max":-1}}`, [2]byHand{{"pids.max", "max"}, {"pids.max", "max"}}},
		{`{"io":{"weight":50}}`, `{"io":{"weight":100}}`, [2]byHand{{"blkio.bfq.weight", "100"}, {"io.weight", "100"}}},
		{`{"io":{"max":[{"device":"DISK","readBytes":1048576}]}}`, `{"io":{"max":[{"device":"DISK","readBytes":2048}]}}`,
			[2]byHand{{"blkio.throttle.read_bps_device", "DISK 2048"}, {"io.max", "DISK rbps=2048"}}},
		{`{"io":{"max":[{"device":"DISK","readBytes":1048576}]}}`, `{"io":{"max":[{"device":"DISK"}]}}`,
			[2]byHand{{"blkio.throttle.read_bps_device", "DISK 0"}, {"io.max", "DISK rbps=max"}}},
		{`{"io":{"max":[{"device":"DISK","readBytes":1048576}]}}`, `{"io":{"max":[{"device":"DISK","readBytes":1048576,"writeOps":7}]}}`,
			[2]byHand{{"blkio.throttle.write_iops_device", "DISK 7"}, {"io.max", "DISK wiops=7"}}},
		{`{"hugetlb":[{"pageSize":"2MB","max":4194304}]}`, `{"hugetlb":[{"pageSize":"2MB","max":2097152}]}`,
			[2]byHand{{"hugetlb.2MB.limit_in_bytes", "2097152"}, {"hugetlb.2MB.max", "2097152"}}},
		{`{"devices":["c 1:3 rwm","c 1:5 rwm"]}`, `{"devices":["c 1:3 rwm","c 1:5 rm"]}`, [2]byHand{{"devices.deny", "c 1:5 w"}, {"program", "c 1:3 rwm"}}},
	} {
		on := strings.NewReplacer("DISK", disk)
		wanted := resources(t, on.Replace(c.wanted))
		group := tree.Group("abc")
		if err := group.MakeAbove(wanted); err != nil {
			t.Fatal(err)
		}
		if err := group.Check(wanted); err != nil {
			// What a host cannot have is refused with its name, the file, and what the host lacks.
			if !lacking.MatchString(err.Error()) {
				t.Errorf("%s: %v", c.wanted, err)
			}
			refused = append(refused, strings.SplitN(err.Error(), "`", 3)[1])
			continue
		}
		group = made(t, tree, "abc", none)
		if _, err := group.Change(nil, none, wanted); err != nil {
			t.Fatalf("%s: %v", c.wanted, err)
		}
		holds(t, group, wanted)
		for _, k := range knobs {
			if h, _ := tree.with(k.controller()); k.isSet(wanted) && c.byHand[h.Version-1].file != "" {
				change := c.byHand[h.Version-1]
				p := group.in(h)
				var err error
				if change.file == "program" {
					c.seen, err = `{}`, attachProgram(p.folder, programOf([]string{change.value}))
				} else {
					err = write(p.path(change.file), on.Replace(change.value))
				}
				if err != nil {
					t.Fatalf("%s: %v", change.file, err)
				}
				if held, err := group.Read(wanted); err != nil || shown(held) != on.Replace(c.seen) {
					t.Errorf("%s: %s, want %s, %v", c.wanted, shown(held), c.seen, err)
				}
				break
			}
		}
		if err := group.Remove(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	h, _ := tree.with("memory")
	for _, name := range []string{"memory.high", "memory.min", "memory.oomGroup"} {
		if slices.Contains(refused, name) != (h.Version == 1) {
			t.Errorf("with version %d this host refuses %v", h.Version, refused)
		}
	}
}
