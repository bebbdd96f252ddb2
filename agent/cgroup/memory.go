package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// memoryMax is `docker run --memory`.
var memoryMax = memoryLimit{plain{
	label{"memory.max", "`memory`", "memory"},
	func(r *api.GroupResources) *int64 { return or(r.Memory).Max },
	func(r *api.GroupResources, value int64) { within(&r.Memory).Max = &value },
	bounds{1 << 12, unlimited - 1},
	[2]file{
		{name: "memory.limit_in_bytes", byDefault: api.Unlimited, write: wholePages},
		{name: "memory.max", byDefault: api.Unlimited, write: wholePages},
	},
}}

// memoryLimit is a knob that makes room first where a group in use is to have less.
type memoryLimit struct{ plain }

func (k memoryLimit) settings(p place, wanted *api.GroupResources) ([]Setting, error) {
	all, err := k.plain.settings(p, wanted)
	if limit := k.get(wanted); err == nil && p.version == 2 && limit != nil && *limit != api.Unlimited {
		high := int64(api.Unlimited)
		if set := memoryHigh.get(wanted); set != nil {
			high = *set
		}
		all[0].ready = func() error { return takeBack(p, *limit, word("memory.high", 2, high)) }
	}
	return all, err
}

// takeBack makes a group of version 2 use no more memory than a limit that it is to get. Version 1 refuses a limit that is
// below what cannot be taken back; version 2 would hold it and kill the container. Afterwards memory.high is as given.
func takeBack(p place, limit int64, high string) error {
	used, err := number(p.path("memory.current"))
	if err == nil && used > limit {
		// Writing takes back what it can, and never fails for what it cannot.
		if err = write(p.path("memory.high"), strconv.FormatInt(limit, 10)); err == nil {
			used, err = number(p.path("memory.current"))
		}
		if err == nil && used > limit {
			err = unix.EBUSY
		}
	}
	// Always, because an agent may have been killed in between, and what it left slows the container down.
	return errors.Join(err, write(p.path("memory.high"), high))
}

var memoryHigh = plain{
	label{"memory.high", "", "memory"},
	func(r *api.GroupResources) *int64 { return or(r.Memory).High },
	func(r *api.GroupResources, value int64) { within(&r.Memory).High = &value },
	amounts,
	[2]file{{}, {name: "memory.high", byDefault: api.Unlimited, write: wholePages}},
}

// memoryLow is `docker run --memory-reservation`. Version 1 takes memory back down to its soft limit where the host lacks
// some, which is the same seen from the other side.
var memoryLow = plain{
	label{"memory.low", "`memoryReservation`", "memory"},
	func(r *api.GroupResources) *int64 { return or(r.Memory).Low },
	func(r *api.GroupResources, value int64) { within(&r.Memory).Low = &value },
	amounts,
	[2]file{
		{name: "memory.soft_limit_in_bytes", byDefault: api.Unlimited, write: softLimit, read: reservation},
		{name: "memory.low", write: wholePages},
	},
}

// A soft limit of nothing takes memory back before all others; nothing reserved is what a new group has.
func softLimit(low int64) int64 {
	if low == 0 {
		return api.Unlimited
	}
	return wholePages(low)
}

func reservation(softLimit int64) int64 { return max(softLimit, 0) }

var memoryMin = plain{
	label{"memory.min", "", "memory"},
	func(r *api.GroupResources) *int64 { return or(r.Memory).Min },
	func(r *api.GroupResources, value int64) { within(&r.Memory).Min = &value },
	amounts,
	[2]file{{}, {name: "memory.min", write: wholePages}},
}

var memoryOOMGroup = plain{
	label{"memory.oomGroup", "", "memory"},
	func(r *api.GroupResources) *int64 {
		if set := or(r.Memory).OOMGroup; set != nil {
			value := int64(0)
			if *set {
				value = 1
			}
			return &value
		}
		return nil
	},
	func(r *api.GroupResources, value int64) { on := value != 0; within(&r.Memory).OOMGroup = &on },
	truth,
	[2]file{{}, {name: "memory.oom.group", since: "4.19"}},
}

// wholePages is what the kernel makes of a number of bytes.
func wholePages(bytes int64) int64 {
	page := int64(os.Getpagesize())
	return bytes / page * page
}

// memorySwapMax follows from `docker run --memory-swap`, which counts memory too.
var memorySwapMax = swap{label{"memory.swapMax", "`memorySwap`", "memory"}}

// swap is a knob that version 1 knows only as the sum of memory and swap, so that there it needs a limit of memory. Where
// a container did not ask for it but it follows from the memory, a kernel that does not account for swap will do;
// Check tells the two apart.
type swap struct{ label }

const (
	sumFile  = "memory.memsw.limit_in_bytes"
	swapFile = "memory.swap.max"
)

func (k swap) isSet(r *api.GroupResources) bool { return or(r.Memory).SwapMax != nil }

func (k swap) wrong(r *api.GroupResources) []string {
	if text := amounts.refuse(k.name(), *r.Memory.SwapMax, true); text != "" {
		return []string{text}
	}
	return nil
}

func (k swap) settings(p place, wanted *api.GroupResources) ([]Setting, error) {
	most := int64(api.Unlimited)
	if k.isSet(wanted) {
		most = *wanted.Memory.SwapMax
	}
	if p.version == 2 {
		if most != api.Unlimited {
			most = wholePages(most)
		}
		return []Setting{{Path: p.path(swapFile), Value: word(swapFile, 2, most), Optional: true}}, nil
	}
	sum := int64(api.Unlimited)
	if memory := or(wanted.Memory).Max; memory != nil && *memory != api.Unlimited && most != api.Unlimited {
		sum = wholePages(*memory) + wholePages(most)
	}
	return []Setting{{Path: p.path(sumFile), Value: strconv.FormatInt(sum, 10), Optional: true}}, nil
}

func (k swap) read(p place, wanted, found *api.GroupResources) error {
	name := swapFile
	if p.version == 1 {
		name = sumFile
	}
	held, err := number(p.path(name))
	if os.IsNotExist(err) {
		// A kernel that does not account for swap holds nothing that could differ.
		if found.Memory != nil {
			found.Memory.SwapMax = wanted.Memory.SwapMax
		}
		return nil
	}
	if err != nil {
		return err
	}
	if p.version == 1 && held != api.Unlimited {
		memory, err := number(p.path("memory.limit_in_bytes"))
		if err != nil {
			return err
		}
		// Where only the memory became other, the sum still is the one that was asked for.
		if asked := or(wanted.Memory); asked.Max != nil && asked.SwapMax != nil && held == wholePages(*asked.Max)+wholePages(*asked.SwapMax) {
			memory = wholePages(*asked.Max)
		}
		held -= memory
	}
	if set := or(wanted.Memory).SwapMax; set != nil && *set != api.Unlimited && wholePages(*set) == held {
		held = *set
	}
	within(&found.Memory).SwapMax = &held
	return nil
}

func (k swap) missing(p place, wanted *api.GroupResources) error {
	name := swapFile
	if p.version == 1 {
		name = sumFile
		if memory := or(wanted.Memory); *memory.SwapMax != api.Unlimited && (memory.Max == nil || *memory.Max == api.Unlimited) {
			return fmt.Errorf("control groups of version 1 limit swap only together with memory, in %s; limit `memory.max` too, or use a host with version 2", sumFile)
		}
	}
	return absent(p.path(name), name, "")
}

// inUse says how much memory the group of a file uses.
func inUse(path string) string {
	for _, name := range []string{"memory.current", "memory.usage_in_bytes"} {
		if bytes, err := number(filepath.Join(filepath.Dir(path), name)); err == nil {
			return fmt.Sprintf("%d bytes are in use", bytes)
		}
	}
	return "more than that is in use"
}
