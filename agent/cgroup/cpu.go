package cgroup

import (
	"math"
	"path/filepath"
	"strconv"

	"pulumi-slipway/agent/api"
)

// period is the time in which a container may use its quota of processor time, in microseconds; Docker's and the
// kernel's default.
const period = 100_000

func quota(cpus float64) int64 { return int64(math.Round(cpus * period)) }

// cpu is `docker run --cpus`.
var cpu = knob{
	argument: "cpus", controller: "cpu",
	isSet: func(l Limits) bool { return l.CPUs != 0 },
	settings: func(folder string, version int, l Limits) []Setting {
		value := strconv.FormatInt(quota(l.CPUs), 10)
		every := strconv.Itoa(period)
		if version == 2 {
			if l.CPUs == 0 {
				value = "max"
			}
			return []Setting{{Path: filepath.Join(folder, "cpu.max"), Value: value + " " + every}}
		}
		if l.CPUs == 0 {
			value = "-1"
		}
		// A new group has the period already; writing it again costs a third of a limit's time.
		return []Setting{{Path: filepath.Join(folder, "cpu.cfs_quota_us"), Value: value}}
	},
	read: func(folder string, version int, wanted Limits, into *api.ContainerLimits) error {
		held, every, err := bandwidth(folder, version)
		if err != nil || held < 0 || held >= unlimited || every <= 0 {
			return err
		}
		cpus := float64(held) / float64(every)
		if every == period && held == quota(wanted.CPUs) {
			cpus = wanted.CPUs
		}
		into.CPUs = &cpus
		return nil
	},
}

// bandwidth reads quota and period; a quota below 0 or from unlimited on is none.
func bandwidth(folder string, version int) (quota, period int64, err error) {
	if version == 2 {
		both, err := words(filepath.Join(folder, "cpu.max"))
		if err != nil || len(both) != 2 || both[0] == "max" {
			return -1, 0, err
		}
		if quota, err = strconv.ParseInt(both[0], 10, 64); err == nil {
			period, err = strconv.ParseInt(both[1], 10, 64)
		}
		return quota, period, err
	}
	if quota, err = number(filepath.Join(folder, "cpu.cfs_quota_us")); err == nil {
		period, err = number(filepath.Join(folder, "cpu.cfs_period_us"))
	}
	return quota, period, err
}
