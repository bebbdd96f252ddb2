package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"pulumi-slipway/agent/api"
)

// defaultPeriod is the time in which a group may use its quota of processor time, in microseconds: the kernel's, and
// Docker's.
const defaultPeriod = 100_000

// cpuMax is `docker run --cpus`, or `--cpu-quota` and `--cpu-period`.
var cpuMax = bandwidth{label{"cpu.max", "cpus", "cpu"}}

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
	label{"cpu.shares", "cpuShares", "cpu"},
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

// bandwidth is a knob of two numbers: a quota, and the period it is for.
type bandwidth struct{ label }

func (k bandwidth) isSet(r *api.GroupResources) bool { return or(r.CPU).MaxUs != nil }

func (k bandwidth) wrong(r *api.GroupResources) []string {
	var all []string
	if text := quotas.refuse(k.name(), *r.CPU.MaxUs, true); text != "" {
		all = append(all, text)
	}
	if period := r.CPU.PeriodUs; period != nil {
		if text := periods.refuse("`cpu.periodUs`", *period, false); text != "" {
			all = append(all, text)
		}
	}
	return all
}

func (k bandwidth) settings(p place, wanted *api.GroupResources) ([]Setting, error) {
	quota, period := int64(api.Unlimited), int64(defaultPeriod)
	if k.isSet(wanted) {
		quota = *wanted.CPU.MaxUs
		if wanted.CPU.PeriodUs != nil {
			period = *wanted.CPU.PeriodUs
		}
	}
	if p.version == 2 {
		return []Setting{{Path: p.path("cpu.max"), Value: word("cpu.max", 2, quota) + " " + strconv.FormatInt(period, 10)}}, nil
	}
	all := []Setting{{Path: p.path("cpu.cfs_quota_us"), Value: word("cpu.cfs_quota_us", 1, quota)}}
	// A new group has the default already; writing it again costs a third of a limit's time.
	if _, now, err := k.held(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	} else if err == nil && now != period || err != nil && period != defaultPeriod {
		other := Setting{Path: p.path("cpu.cfs_period_us"), Value: strconv.FormatInt(period, 10)}
		// A shorter period comes after its quota: before, it would mean more processors, which the group above may not have.
		if err == nil && period < now {
			all = append(all, other)
		} else {
			all = append([]Setting{other}, all...)
		}
	}
	return all, nil
}

func (k bandwidth) read(p place, wanted, found *api.GroupResources) error {
	quota, period, err := k.held(p)
	if err != nil {
		return err
	}
	cpu := within(&found.CPU)
	cpu.MaxUs = &quota
	if period != defaultPeriod || or(wanted.CPU).PeriodUs != nil {
		cpu.PeriodUs = &period
	}
	return nil
}

// held reads quota and period.
func (k bandwidth) held(p place) (quota, period int64, err error) {
	if p.version == 1 {
		if quota, err = number(p.path("cpu.cfs_quota_us")); err == nil {
			period, err = number(p.path("cpu.cfs_period_us"))
		}
		return quota, period, err
	}
	path := p.path("cpu.max")
	both, err := words(path)
	if err != nil {
		return 0, 0, err
	}
	if len(both) != 2 {
		return 0, 0, fmt.Errorf("read %s: it holds %q", path, both)
	}
	if quota, err = parseNumber(path, both[0]); err == nil {
		period, err = parseNumber(path, both[1])
	}
	return quota, period, err
}

func (k bandwidth) missing(p place) error {
	if p.version == 1 {
		return absent(p.path("cpu.cfs_quota_us"), "cpu.cfs_quota_us", "")
	}
	return absent(p.path("cpu.max"), "cpu.max", "")
}
