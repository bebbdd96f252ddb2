package cgroup

import (
	"os"
	"strconv"

	"pulumi-slipway/agent/api"
)

// ioWeight is `docker run --blkio-weight`, in the words of version 2.
var ioWeight = ioWeights{plain{
	label{"io.weight", "`blkioWeight`", "io"},
	func(r *api.GroupResources) *int64 { return or(r.IO).Weight },
	func(r *api.GroupResources, value int64) { within(&r.IO).Weight = &value },
	weights,
	[2]file{{name: "blkio.bfq.weight", byDefault: 100, write: bfqOf, read: ioWeightOf}, {name: "io.weight", byDefault: 100}},
}}

// ioWeights is a knob that version 2 has in two files: io.weight is for the controller that works with a model of the disk,
// and the scheduler bfq, the only one with weights, has its own, while it is loaded. Both get the same.
type ioWeights struct{ plain }

const bfqFile = "io.bfq.weight"

func (k ioWeights) settings(p place, wanted *api.GroupResources) ([]Setting, error) {
	all, err := k.plain.settings(p, wanted)
	if err != nil || p.version == 1 {
		return all, err
	}
	weight := k.file(p).byDefault
	if set := k.get(wanted); set != nil {
		weight = *set
	}
	// The one or the other is there.
	all[0].Optional = true
	return append(all, Setting{Path: p.path(bfqFile), Value: strconv.FormatInt(bfqOf(weight), 10), Optional: true}), nil
}

func (k ioWeights) read(p place, wanted, found *api.GroupResources) error {
	if p.version == 1 {
		return k.plain.read(p, wanted, found)
	}
	bfq, err := number(p.path(bfqFile))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if set := k.get(wanted); err == nil && (set == nil || bfqOf(*set) != bfq) {
		k.set(found, ioWeightOf(bfq))
		return nil
	}
	if failed := k.plain.read(p, wanted, found); err != nil || !os.IsNotExist(failed) {
		return failed
	}
	k.set(found, *k.get(wanted))
	return nil
}

func (k ioWeights) missing(p place, wanted *api.GroupResources) error {
	if _, err := os.Lstat(p.path(bfqFile)); err == nil && p.version == 2 {
		return nil
	}
	return k.plain.missing(p, wanted)
}

// The range of bfq is 1 to 1,000, that of version 2 1 to 10,000, and both have 100 for everybody.
func bfqOf(weight int64) int64 {
	if weight <= 100 {
		return weight
	}
	return 100 + (weight-100)*900/9900
}

func ioWeightOf(bfq int64) int64 {
	if bfq <= 100 {
		return bfq
	}
	return 100 + (bfq-100)*9900/900
}
