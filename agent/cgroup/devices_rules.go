package cgroup

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// anything is the rule that allows everything.
var anything = rule{kind: 'a', major: -1, minor: -1, access: unix.BPF_DEVCG_ACC_READ | unix.BPF_DEVCG_ACC_WRITE | unix.BPF_DEVCG_ACC_MKNOD}

// canonical is what version 1 holds of rules, in one order: one for each device, and "a" only for everything, because the
// kernel takes any rule with "a" for that.
func canonical(rules []string) []string {
	var all []string
	for _, r := range merged(rules) {
		if r == anything {
			return []string{everything}
		}
		all = append(all, r.String())
	}
	return all
}

// without is what some rules allow and others do not have for the same devices.
func without(rules, others []string) []string {
	var all []string
	known := merged(others)
	for _, r := range merged(rules) {
		for _, other := range known {
			if r.kind == other.kind && r.major == other.major && r.minor == other.minor {
				r.access &^= other.access
			}
		}
		if r.access != 0 {
			all = append(all, r.String())
		}
	}
	return all
}

func merged(rules []string) []rule {
	var all []rule
	add := func(r rule) {
		for i, other := range all {
			if r.kind == other.kind && r.major == other.major && r.minor == other.minor {
				all[i].access |= r.access
				return
			}
		}
		all = append(all, r)
	}
	for _, text := range rules {
		r, err := parseRule(text)
		switch {
		case err != nil:
		case r.kind != 'a' || r == anything:
			add(r)
		default:
			for _, kind := range []byte("bc") {
				r.kind = kind
				add(r)
			}
		}
	}
	slices.SortFunc(all, func(a, b rule) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.major, b.major), cmp.Compare(a.minor, b.minor))
	})
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
