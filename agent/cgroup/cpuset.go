package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pulumi-slipway/agent/api"
)

// cpusetCpus is `docker run --cpuset-cpus`.
var cpusetCpus = set{
	label{"cpuset.cpus", "cpusetCpus", "cpuset"}, "cpuset.cpus",
	func(r *api.GroupResources) *string { return present(or(r.Cpuset).Cpus) },
	func(r *api.GroupResources, value string) { within(&r.Cpuset).Cpus = value },
}

// cpusetMems is `docker run --cpuset-mems`.
var cpusetMems = set{
	label{"cpuset.mems", "cpusetMems", "cpuset"}, "cpuset.mems",
	func(r *api.GroupResources) *string { return present(or(r.Cpuset).Mems) },
	func(r *api.GroupResources, value string) { within(&r.Cpuset).Mems = value },
}

func present(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// set is a knob whose file holds a set of numbers.
type set struct {
	label
	file string
	get  func(*api.GroupResources) *string
	put  func(*api.GroupResources, string)
}

func (k set) isSet(r *api.GroupResources) bool { return k.get(r) != nil }

func (k set) wrong(r *api.GroupResources) []string {
	if text := *k.get(r); !validSet(text) {
		return []string{fmt.Sprintf("%s must be a list of numbers and ranges such as \"0-2,4\", got %q", k.name(), text)}
	}
	return nil
}

func validSet(text string) bool {
	_, ok := parseSet(text)
	return ok
}

// settings of a group of version 1 without an own set are its parent's: without one nothing can enter it.
func (k set) settings(p place, wanted *api.GroupResources) ([]Setting, error) {
	value := k.get(wanted)
	if value == nil && p.version == 1 {
		// An unreadable parent shows at the next write, with its path.
		inherited, _ := os.ReadFile(filepath.Join(filepath.Dir(p.folder), k.file))
		value = new(string)
		*value = strings.TrimSpace(string(inherited))
	}
	text := or(value)
	if p.version == 1 {
		return k.followed(p, text), nil
	}
	if text == "" {
		// An empty write is no write; a line of its own is the empty set.
		text = "\n"
	}
	return []Setting{{Path: p.path(k.file), Value: text}}, nil
}

// followed changes a group of version 1 with those in it that have the same: a group has nothing that the one above it does
// not have, so on the way down all get the new beside the old, and on the way up the old goes.
func (k set) followed(p place, text string) []Setting {
	held := k.held(p)
	below := heirs(p, func(other place) bool { return sameSet(k.held(other), held) })
	wanted := Setting{Path: p.path(k.file), Value: text}
	if len(below) == 0 || held == "" || sameSet(held, text) {
		return []Setting{wanted}
	}
	both := held + "," + text
	var all []Setting
	if !sameSet(both, held) {
		for _, one := range append([]place{p}, below...) {
			all = append(all, Setting{Path: one.path(k.file), Value: both})
		}
	}
	for _, one := range slices.Backward(below) {
		all = append(all, Setting{Path: one.path(k.file), Value: text})
	}
	return append(all, wanted)
}

// held is "" for a group that is not there.
func (k set) held(p place) string {
	data, _ := os.ReadFile(p.path(k.file))
	return strings.TrimSpace(string(data))
}

func (k set) read(p place, wanted, found *api.GroupResources) error {
	data, err := os.ReadFile(p.path(k.file))
	if err != nil {
		return err
	}
	held := strings.TrimSpace(string(data))
	if value := k.get(wanted); value != nil && sameSet(*value, held) {
		held = *value
	}
	k.put(found, held)
	return nil
}

func (k set) missing(p place) error { return absent(p.path(k.file), k.file, "") }

// sameSet compares sets in the format of cpuset(7), such as "0-2,4".
func sameSet(a, b string) bool {
	first, ok := parseSet(a)
	second, fine := parseSet(b)
	if !ok || !fine || len(first) != len(second) {
		return false
	}
	for n := range first {
		if !second[n] {
			return false
		}
	}
	return true
}

// mostInSet bounds what a set may name; no kernel is built for more processors.
const mostInSet = 8192

func parseSet(text string) (map[int]bool, bool) {
	found := map[int]bool{}
	for part := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(strings.TrimSpace(part), "-")
		first, err := strconv.Atoi(low)
		last := first
		if err == nil && isRange {
			last, err = strconv.Atoi(high)
		}
		if err != nil || first < 0 || last < first || last >= mostInSet {
			return nil, false
		}
		for n := first; n <= last; n++ {
			found[n] = true
		}
	}
	return found, true
}

// Inherited is what a new group of version 1 needs before anything can enter it: the processors and memory nodes of its
// parent.
func (h Hierarchy) Inherited(folder string) []Setting {
	if h.Version != 1 || !h.has("cpuset") {
		return nil
	}
	var all []Setting
	for _, k := range []set{cpusetCpus, cpusetMems} {
		settings, _ := k.settings(place{folder, 1}, &api.GroupResources{})
		all = append(all, settings...)
	}
	return all
}
