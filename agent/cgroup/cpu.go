package cgroup

import "pulumi-slipway/agent/api"

// cpuBurst adds to it what was not used before.
var cpuBurst = plain{
	label{"cpu.burst", "", "cpu"},
	func(r *api.GroupResources) *int64 { return or(r.CPU).BurstUs },
	func(r *api.GroupResources, value int64) { within(&r.CPU).BurstUs = &value },
	bounds{0, quotas.most},
	[2]file{{name: "cpu.cfs_burst_us", since: "5.14"}, {name: "cpu.max.burst", since: "5.14"}},
}

// cpuWeight is said in the words of version 2, of which 100 is the same as 1024 shares.
var cpuWeight = plain{
	label{"cpu.weight", "", "cpu"},
	func(r *api.GroupResources) *int64 { return or(r.CPU).Weight },
	func(r *api.GroupResources, value int64) { within(&r.CPU).Weight = &value },
	weights,
	[2]file{
		{name: "cpu.shares", byDefault: 1024, write: sharesOf, read: weightOf},
		{name: "cpu.weight", byDefault: 100},
	},
}

// cpuShares is `docker run --cpu-shares`, said in the words of version 1.
var cpuShares = plain{
	label{"cpu.shares", "`cpuShares`", "cpu"},
	func(r *api.GroupResources) *int64 { return or(r.CPU).Shares },
	func(r *api.GroupResources, value int64) { within(&r.CPU).Shares = &value },
	bounds{2, 262_144},
	[2]file{
		{name: "cpu.shares", byDefault: 1024},
		{name: "cpu.weight", byDefault: 100, write: weightOf, read: sharesOf},
	},
}

// As the kernel itself does it (sched_weight_from_cgroup), so that the defaults of both versions are the same.
func sharesOf(weight int64) int64 { return max(2, (weight*1024+50)/100) }
func weightOf(shares int64) int64 { return min(max(1, (shares*100+512)/1024), 10_000) }
