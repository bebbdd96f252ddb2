package cgroup

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"pulumi-slipway/agent/api"
)

// cpusetCpus is `docker run --cpuset-cpus`.
var cpusetCpus = set{
	label{"cpuset.cpus", "`cpusetCpus`", "cpuset"}, "cpuset.cpus",
	func(r *api.GroupResources) *string { return present(or(r.Cpuset).Cpus) },
	func(r *api.GroupResources, value string) { within(&r.Cpuset).Cpus = value },
}

// cpusetMems is `docker run --cpuset-mems`.
var cpusetMems = set{
	label{"cpuset.mems", "`cpusetMems`", "cpuset"}, "cpuset.mems",
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
	if p.version == 1 {
		return follow(k, p, allowed(k, wanted, k.holds(p.above()))), nil
	}
	text := or(k.get(wanted))
	if text == "" {
		// An empty write is no write; a line of its own is the empty set.
		text = "\n"
	}
	return []Setting{{Path: p.path(k.file), Value: text}}, nil
}

// holds is "" for a group that is not there. One that cannot be read shows at the next write, with its path.
func (k set) holds(p place) string {
	data, _ := os.ReadFile(p.path(k.file))
	return strings.TrimSpace(string(data))
}

func (k set) asks(r *api.GroupResources) (string, bool) {
	return or(k.get(r)), k.isSet(r)
}

func (k set) inherits(above string) string { return above }

// within is all that is above where nothing of what is asked for is there, as in version 2.
func (k set) within(asked, above string) string {
	wanted, _ := parseSet(asked)
	there, _ := parseSet(above)
	maps.DeleteFunc(wanted, func(n int, _ bool) bool { return !there[n] })
	if len(wanted) == 0 || sameSet(asked, above) {
		return above
	}
	return formatSet(wanted)
}

func (k set) both(one, other string) string {
	if one == "" || other == "" {
		return one + other
	}
	return one + "," + other
}

func (k set) same(one, other string) bool { return one == other || sameSet(one, other) }

func (k set) change(p place, from, to string) []Setting {
	if sameSet(from, to) {
		return nil
	}
	return []Setting{{Path: p.path(k.file), Value: to}}
}

func (k set) read(p place, wanted, found *api.GroupResources) error {
	data, err := os.ReadFile(p.path(k.file))
	if err != nil {
		return err
	}
	held := strings.TrimSpace(string(data))
	if value := k.get(wanted); value != nil &&
		(sameSet(*value, held) || p.version == 1 && sameSet(k.within(*value, k.holds(p.above())), held)) {
		held = *value
	}
	k.put(found, held)
	return nil
}

func (k set) missing(p place, wanted *api.GroupResources) error {
	list, what := onlineProcessors, "processor"
	if k.file == "cpuset.mems" {
		list, what = onlineNodes, "memory node"
	}
	// Version 2 would take one that is not there.
	if there, known := online(list); known {
		asked, _ := parseSet(or(k.get(wanted)))
		maps.DeleteFunc(asked, func(n int, _ bool) bool { return there[n] })
		for _, n := range slices.Sorted(maps.Keys(asked)) {
			return fmt.Errorf("the host has no %s %d", what, n)
		}
	}
	return absent(p.path(k.file), k.file, "")
}

// sameSet compares sets in the format of cpuset(7), such as "0-2,4".
func sameSet(a, b string) bool {
	first, ok := parseSet(a)
	second, fine := parseSet(b)
	return ok && fine && maps.Equal(first, second)
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

// formatSet writes each number; the kernel makes ranges of them.
func formatSet(all map[int]bool) string {
	var words []string
	for _, n := range slices.Sorted(maps.Keys(all)) {
		words = append(words, strconv.Itoa(n))
	}
	return strings.Join(words, ",")
}

// Inherited is what a new group of version 1 needs before anything can enter it: the processors and memory nodes of its
// parent.
func (h Hierarchy) Inherited(folder string) []Setting {
	if h.Version != 1 || !h.has("cpuset") {
		return nil
	}
	var all []Setting
	for _, k := range []set{cpusetCpus, cpusetMems} {
		settings, _ := k.settings(place{folder: folder, version: 1}, &api.GroupResources{})
		all = append(all, settings...)
	}
	return all
}
