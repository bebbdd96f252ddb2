package cgroup

import "pulumi-slipway/agent/api"

// cpu reads processor time from the group of version 2, which tells it without a controller, else from cpuacct; and what a
// quota did from wherever the controller cpu is.
func (r *reading) cpu() *api.CPUUsage {
	usage := &api.CPUUsage{}
	if !r.cpuOfVersion2(usage) && !r.cpuOfVersion1(usage) {
		return nil
	}
	if quota := r.with("cpu"); quota.version == 1 {
		r.pairs(quota, "cpu.stat", func(key []byte, value int64) {
			switch string(key) {
			case "nr_periods":
				keep(&usage.Periods, value)
			case "nr_throttled":
				keep(&usage.ThrottledPeriods, value)
			case "throttled_time":
				keep(&usage.ThrottledUs, value/nanosecondsInAMicrosecond)
			}
		})
	}
	return usage
}

const (
	nanosecondsInAMicrosecond = 1000
	// Whatever ticks a kernel works with, it tells people 100 a second.
	microsecondsInATick = 10_000
)

func (r *reading) cpuOfVersion2(usage *api.CPUUsage) bool {
	return r.pairs(r.unified(), "cpu.stat", func(key []byte, value int64) {
		switch string(key) {
		case "usage_usec":
			usage.UsageUs = value
		case "user_usec":
			usage.UserUs = value
		case "system_usec":
			usage.SystemUs = value
		case "nr_periods":
			keep(&usage.Periods, value)
		case "nr_throttled":
			keep(&usage.ThrottledPeriods, value)
		case "throttled_usec":
			keep(&usage.ThrottledUs, value)
		}
	})
}

// cpuOfVersion1 has the sum exactly, and its parts in hundredths of a second, which Linux makes agree with the sum since 5.17.
func (r *reading) cpuOfVersion1(usage *api.CPUUsage) bool {
	group := r.with("cpuacct")
	sum := r.count(group, "cpuacct.usage")
	if sum == nil {
		return false
	}
	usage.UsageUs = *sum / nanosecondsInAMicrosecond
	return r.pairs(group, "cpuacct.stat", func(key []byte, value int64) {
		switch string(key) {
		case "user":
			usage.UserUs = value * microsecondsInATick
		case "system":
			usage.SystemUs = value * microsecondsInATick
		}
	})
}
