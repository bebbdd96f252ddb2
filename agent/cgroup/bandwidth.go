package cgroup

import (
	"fmt"
	"strconv"

	"pulumi-slipway/agent/api"
)

// defaultPeriod is the time in which a group may use its quota of processor time, in microseconds: the kernel's, and
// Docker's.
const defaultPeriod = 100_000

// cpuMax is `docker run --cpus`, or `--cpu-quota` and `--cpu-period`.
var cpuMax = bandwidth{label{"cpu.max", "`cpus` or `cpuQuota`", "cpu"}}

// bandwidth is a knob of two numbers: a quota, and the period it is for.
type bandwidth struct{ label }

// pair is a quota of each period.
type pair struct{ quota, period int64 }

// noQuota is what a new group has.
var noQuota = pair{api.Unlimited, defaultPeriod}

// less tells whether it is less time than another.
func (q pair) less(other pair) bool {
	if q.quota == api.Unlimited || other.quota == api.Unlimited {
		return q.quota != other.quota && other.quota == api.Unlimited
	}
	return float64(q.quota)*float64(other.period) < float64(other.quota)*float64(q.period)
}

// share is what a group has itself, and what counts for those in it, which is that of a group above where it has none.
type share struct{ own, counts pair }

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
	if p.version == 1 {
		return follow(k, p, allowed(k, wanted, k.aboveOf(p))), nil
	}
	asked := asked(wanted)
	return []Setting{{Path: p.path("cpu.max"), Value: word("cpu.max", 2, asked.quota) + " " + strconv.FormatInt(asked.period, 10)}}, nil
}

// asked is what resources say, or what a new group has.
func asked(r *api.GroupResources) pair {
	found := noQuota
	if cpu := or(r.CPU); cpu.MaxUs != nil {
		found.quota = *cpu.MaxUs
		if cpu.PeriodUs != nil {
			found.period = *cpu.PeriodUs
		}
	}
	return found
}

// aboveOf is what counts for a group of version 1. Outside of declared groups the kernel is asked when it has to hold it.
func (k bandwidth) aboveOf(p place) share {
	for above := p.above(); p.wanted != nil; above = above.above() {
		found, err := k.held(above)
		if err != nil {
			break // That is the root.
		}
		if found.quota != api.Unlimited {
			return share{found, found}
		}
	}
	return share{noQuota, noQuota}
}

func (k bandwidth) holds(p place) share {
	found, err := k.held(p)
	if err != nil {
		found = noQuota
	}
	return share{found, found}
}

func (k bandwidth) asks(r *api.GroupResources) (share, bool) {
	found := asked(r)
	return share{found, found}, k.isSet(r)
}

func (k bandwidth) inherits(above share) share { return share{noQuota, above.counts} }

func (k bandwidth) within(asked, above share) share {
	switch {
	case asked.own.quota == api.Unlimited:
		return share{asked.own, above.counts}
	case above.counts.less(asked.own):
		return share{above.counts, above.counts}
	}
	return share{asked.own, asked.own}
}

func (k bandwidth) both(one, other share) share {
	if one.own.less(other.own) {
		return other
	}
	return one
}

func (k bandwidth) same(one, other share) bool { return one.own == other.own }

// change takes the quota away for the moment in which the period becomes another one: the old quota of the new period may
// be more than there is above, and the new one of the old period less than there is in the group.
func (k bandwidth) change(p place, from, to share) []Setting {
	var all []Setting
	write := func(name string, value int64) {
		all = append(all, Setting{Path: p.path(name), Value: strconv.FormatInt(value, 10)})
	}
	if from.own.period != to.own.period {
		if from.own.quota != api.Unlimited {
			write("cpu.cfs_quota_us", api.Unlimited)
		}
		write("cpu.cfs_period_us", to.own.period)
		from.own.quota = api.Unlimited
	}
	if from.own.quota != to.own.quota {
		write("cpu.cfs_quota_us", to.own.quota)
	}
	return all
}

func (k bandwidth) read(p place, wanted, found *api.GroupResources) error {
	held, err := k.held(p)
	if err != nil {
		return err
	}
	if wanted := asked(wanted); p.version == 1 && held != wanted && k.within(share{wanted, wanted}, k.aboveOf(p)).own == held {
		held = wanted
	}
	cpu := within(&found.CPU)
	cpu.MaxUs = &held.quota
	if held.period != defaultPeriod || or(wanted.CPU).PeriodUs != nil {
		cpu.PeriodUs = &held.period
	}
	return nil
}

// held reads quota and period.
func (k bandwidth) held(p place) (found pair, err error) {
	if p.version == 1 {
		if found.quota, err = number(p.path("cpu.cfs_quota_us")); err == nil {
			found.period, err = number(p.path("cpu.cfs_period_us"))
		}
		return found, err
	}
	path := p.path("cpu.max")
	both, err := words(path)
	if err != nil {
		return found, err
	}
	if len(both) != 2 {
		return found, fmt.Errorf("read %s: it holds %q", path, both)
	}
	if found.quota, err = parseNumber(path, both[0]); err == nil {
		found.period, err = parseNumber(path, both[1])
	}
	return found, err
}

func (k bandwidth) missing(p place, wanted *api.GroupResources) error {
	// The kernel would take more than there is, and nobody would notice.
	if there, known := online(onlineProcessors); known {
		asked := asked(wanted)
		if most := (pair{int64(len(there)) * asked.period, asked.period}); asked.quota != api.Unlimited && most.less(asked) {
			return fmt.Errorf("the host has %d processors, and this is the time of %g", len(there), float64(asked.quota)/float64(asked.period))
		}
	}
	if p.version == 1 {
		return absent(p.path("cpu.cfs_quota_us"), "cpu.cfs_quota_us", "")
	}
	return absent(p.path("cpu.max"), "cpu.max", "")
}
