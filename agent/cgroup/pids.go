package cgroup

import "pulumi-slipway/agent/api"

// pidsMax is `docker run --pids-limit`. Both versions say it the same way.
var pidsMax = plain{
	label{"pids.max", "`pidsLimit`", "pids"},
	func(r *api.GroupResources) *int64 { return or(r.Pids).Max },
	func(r *api.GroupResources, value int64) { within(&r.Pids).Max = &value },
	bounds{0, 4_194_304}, /* PID_MAX_LIMIT */
	[2]file{{name: "pids.max", byDefault: api.Unlimited}, {name: "pids.max", byDefault: api.Unlimited}},
}
