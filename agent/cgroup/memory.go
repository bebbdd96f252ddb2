package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// memory is `docker run --memory`. As with Docker, a limit m allows for m of memory and as much swap again.
var memory = knob{
	argument: "memory", controller: "memory",
	isSet: func(l Limits) bool { return l.Memory != 0 },
	settings: func(folder string, version int, l Limits) []Setting {
		value, twice := "max", "max"
		if version == 1 {
			value, twice = "-1", "-1"
		}
		if l.Memory != 0 {
			value, twice = strconv.FormatInt(l.Memory, 10), strconv.FormatInt(2*l.Memory, 10)
		}
		if version == 2 {
			return []Setting{
				{Path: filepath.Join(folder, "memory.max"), Value: value},
				// Version 2 counts swap by itself.
				{Path: filepath.Join(folder, "memory.swap.max"), Value: value, Optional: true},
			}
		}
		limit := Setting{Path: filepath.Join(folder, "memory.limit_in_bytes"), Value: value}
		// The sum with swap is never allowed to be below the memory alone, so it goes up first and down last. The file is
		// missing where the kernel does not account for swap.
		sum := Setting{Path: filepath.Join(folder, "memory.memsw.limit_in_bytes"), Value: twice, Optional: true}
		if current, err := number(sum.Path); err == nil && (l.Memory == 0 || 2*l.Memory > current) {
			return []Setting{sum, limit}
		}
		return []Setting{limit, sum}
	},
	lower: func(folder string, version int, l Limits) error {
		if version == 1 || l.Memory == 0 {
			return nil
		}
		return takeBack(folder, l.Memory)
	},
	read: func(folder string, version int, wanted Limits, into *api.ContainerLimits) error {
		name := "memory.limit_in_bytes"
		if version == 2 {
			name = "memory.max"
		}
		held, err := number(filepath.Join(folder, name))
		if err != nil || held >= unlimited {
			return err
		}
		if page := int64(os.Getpagesize()); held == wanted.Memory/page*page {
			held = wanted.Memory
		}
		into.Memory = &held
		return nil
	},
}

// takeBack makes a group of version 2 use no more memory than a limit that it is to get. Version 1 refuses a limit that is
// below what cannot be taken back; version 2 would hold it and kill the container.
func takeBack(folder string, limit int64) error {
	current, high := filepath.Join(folder, "memory.current"), filepath.Join(folder, "memory.high")
	used, err := number(current)
	if err == nil && used > limit {
		// Writing takes back what it can, and never fails for what it cannot.
		if err = write(high, strconv.FormatInt(limit, 10)); err == nil {
			used, err = number(current)
		}
		if err == nil && used > limit {
			err = unix.EBUSY
		}
	}
	// Always, because an agent may have been killed in between, and what it left slows the container down.
	return errors.Join(err, write(high, "max"))
}
