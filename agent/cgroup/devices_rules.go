package cgroup

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// everything is the rule of a group that was never restricted.
const everything = "a *:* rwm"

// anything is the same, read.
var anything = rule{kind: 'a', major: -1, minor: -1, access: unix.BPF_DEVCG_ACC_READ | unix.BPF_DEVCG_ACC_WRITE | unix.BPF_DEVCG_ACC_MKNOD}

// merged are rules in one form and order: one for each device, and one for each kind, because version 1 takes any rule with
// "a" for everything. What is no rule is left out.
func merged(texts []string) []rule {
	var all []rule
	for _, text := range texts {
		r, err := parseRule(text)
		if err != nil {
			continue
		}
		kinds := []byte{r.kind}
		if r.kind == 'a' {
			kinds = []byte("bc")
		}
		for _, kind := range kinds {
			r.kind = kind
			all = append(all, r)
		}
	}
	return sorted(all)
}

func sorted(rules []rule) []rule {
	var all []rule
	for _, r := range rules {
		if i := slices.IndexFunc(all, r.sameDevice); i >= 0 {
			all[i].access |= r.access
		} else {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b rule) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.major, b.major), cmp.Compare(a.minor, b.minor))
	})
	return all
}

func (r rule) sameDevice(other rule) bool {
	return r.kind == other.kind && r.major == other.major && r.minor == other.minor
}

// telling are the rules without those of which another allows as much.
func telling(rules []rule) []rule {
	return slices.DeleteFunc(slices.Clone(rules), func(r rule) bool {
		return slices.ContainsFunc(rules, func(other rule) bool { met, ok := meet(r, other); return other != r && ok && met == r })
	})
}

// meet is what both of two rules allow, false for nothing.
func meet(one, other rule) (rule, bool) {
	number := func(a, b int64) (int64, bool) { return max(a, b), a < 0 || b < 0 || a == b }
	major, ok := number(one.major, other.major)
	minor, fine := number(one.minor, other.minor)
	met := rule{one.kind, major, minor, one.access & other.access}
	return met, ok && fine && one.kind == other.kind && met.access != 0
}

// written are rules in the words of version 1.
func written(rules []rule) []string {
	rules = telling(rules)
	if slices.Equal(rules, merged([]string{everything})) {
		return []string{everything}
	}
	var all []string
	for _, r := range rules {
		all = append(all, r.String())
	}
	return all
}

// missing are the rules that others do not have for the same devices.
func missing(rules, others []rule) []string {
	return beyond(rules, others, rule.sameDevice)
}

// excess is what some rules allow and others do not. One that others contain may stay: taking it away would take it from
// the groups below too, whatever else these are allowed by (propagate_exception in security/device_cgroup.c).
func excess(rules, others []rule) []string {
	return beyond(rules, others, func(r, other rule) bool {
		other.access = r.access
		met, ok := meet(r, other)
		return ok && met == r
	})
}

func beyond(rules, others []rule, concerned func(r, other rule) bool) []string {
	var all []string
	for _, r := range rules {
		left := r
		for _, other := range others {
			if concerned(r, other) {
				left.access &^= other.access
			}
		}
		if left.access != 0 {
			all = append(all, left.String())
		}
	}
	return all
}

// String is the rule in the words of version 1.
func (r rule) String() string {
	number := func(n int64) string {
		if n < 0 {
			return "*"
		}
		return strconv.FormatInt(n, 10)
	}
	var access strings.Builder
	for _, one := range []struct {
		letter byte
		bit    uint32
	}{{'r', unix.BPF_DEVCG_ACC_READ}, {'w', unix.BPF_DEVCG_ACC_WRITE}, {'m', unix.BPF_DEVCG_ACC_MKNOD}} {
		if r.access&one.bit != 0 {
			access.WriteByte(one.letter)
		}
	}
	return fmt.Sprintf("%c %s:%s %s", r.kind, number(r.major), number(r.minor), access.String())
}
