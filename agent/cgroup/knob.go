package cgroup

import (
	"path/filepath"

	"pulumi-slipway/agent/api"
)

// A knob is one setting of a group: what people call it, where it lives in each version, and how it is written and read.
// Each controller has a file of its own with its knobs.
type knob interface {
	// name is how an error calls it: its place in api.GroupResources, and what a Container calls it.
	name() string
	// setting is its place there, by which records keep it.
	setting() string
	controller() string
	// isSet tells whether resources say anything of it.
	isSet(*api.GroupResources) bool
	// wrong says what no host could hold of it, nil where all is well.
	wrong(*api.GroupResources) []string
	// settings says what is wanted in the words of the group's version. Where nothing is wanted they give the group what a
	// new one has.
	settings(p place, wanted *api.GroupResources) ([]Setting, error)
	// read adds what the kernel holds to what was found so far, as it was wanted where that is what the kernel makes of it,
	// because it rounds.
	read(p place, wanted, found *api.GroupResources) error
	// missing says why a group in one cannot have what is wanted of it, nil where it can.
	missing(above place, wanted *api.GroupResources) error
}

// knobs are in the order in which a new group needs them: what bounds another comes before it.
var knobs = []knob{
	cpuMax, cpuBurst, cpuWeight, cpuShares, cpusetCpus, cpusetMems,
	memoryMax, memorySwapMax, memoryHigh, memoryLow, memoryMin, memoryOOMGroup,
	pidsMax, ioWeight, ioMax, hugetlbMax, devices,
}

// place is a group in the hierarchy that has a knob's controller.
type place struct {
	folder  string
	version int
	// wanted is what is asked for the groups that can be in it and those above, by name, and nil for a group that nobody
	// declared and that is no container's. It is itself nil outside of declared groups.
	wanted func(name string) *api.GroupResources
}

func (p place) path(name string) string { return filepath.Join(p.folder, name) }

// at is another group in the same hierarchy.
func (p place) at(folder string) place { return place{folder, p.version, p.wanted} }

func (p place) above() place { return p.at(filepath.Dir(p.folder)) }

func (p place) wantedOf(name string) *api.GroupResources {
	if p.wanted == nil {
		return nil
	}
	return p.wanted(name)
}

// or is what a pointer points at, or the zero value.
func or[T any](pointer *T) T {
	if pointer == nil {
		var zero T
		return zero
	}
	return *pointer
}

// within is what a pointer points at, made where it points at nothing.
func within[T any](pointer **T) *T {
	if *pointer == nil {
		*pointer = new(T)
	}
	return *pointer
}
