package cgroup

import (
	"fmt"
	"math"
	"strings"

	"pulumi-slipway/agent/api"
)

// bounds are the smallest and the largest value the kernel takes of a knob. Unlimited is allowed where a new group has it.
type bounds struct{ least, most int64 }

// The bounds of numbers that have no closer ones of their own.
var (
	amounts = bounds{0, unlimited - 1}
	weights = bounds{1, 10_000}
	truth   = bounds{0, 1}
	// From a millisecond to a second, as the kernel checks it.
	periods = bounds{1000, 1_000_000}
	// A quota is at least a millisecond.
	quotas = bounds{1000, math.MaxInt64 / 1_000_000}
)

// refuse says what is wrong with a value, "" where nothing is.
func (b bounds) refuse(name string, value int64, canBeUnlimited bool) string {
	if value == api.Unlimited && canBeUnlimited || value >= b.least && value <= b.most {
		return ""
	}
	unlimited := ""
	if canBeUnlimited {
		unlimited = fmt.Sprintf(", or %d for no limit", api.Unlimited)
	}
	return fmt.Sprintf("%s must be from %d to %d%s, got %d", name, b.least, b.most, unlimited, value)
}

// Validate refuses resources that no host has, all at once.
func Validate(r *api.GroupResources) error {
	var all []string
	for _, k := range knobs {
		if k.isSet(r) {
			all = append(all, k.wrong(r)...)
		}
	}
	if or(r.CPU).Weight != nil && or(r.CPU).Shares != nil {
		all = append(all, "`cpu.weight` and `cpu.shares` are the same in two words; give one of them")
	}
	if or(r.CPU).PeriodUs != nil && or(r.CPU).MaxUs == nil {
		all = append(all, "`cpu.periodUs` says nothing without `cpu.maxUs`")
	}
	if len(all) == 0 {
		return nil
	}
	return &api.Problem{Code: api.CodeInvalid, Detail: strings.Join(all, "; ")}
}
