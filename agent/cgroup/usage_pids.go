package cgroup

import "pulumi-slipway/agent/api"

func (r *reading) pids() *api.PidsUsage {
	group := r.with("pids")
	current := r.count(group, "pids.current")
	if current == nil {
		return nil
	}
	usage := &api.PidsUsage{Current: *current, Peak: r.count(group, "pids.peak"), Max: r.count(group, "pids.max")}
	// A refused fork is counted in the group that forked. Only since Linux 6.11, and in version 2, it is counted in the one
	// that has the limit, which is when there is a second file for those of the group's own.
	if !r.group.holdsGroups() || r.read(group, "pids.events.local") != nil {
		r.pairs(group, "pids.events", func(key []byte, value int64) {
			if string(key) == "max" {
				keep(&usage.MaxReached, value)
			}
		})
	}
	return usage
}
