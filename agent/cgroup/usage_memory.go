package cgroup

import "pulumi-slipway/agent/api"

func (r *reading) memory() *api.MemoryUsage {
	group := r.with("memory")
	if group.version == 1 {
		return r.memoryOfVersion1(group)
	}
	return r.memoryOfVersion2(group)
}

func (r *reading) memoryOfVersion2(group folder) *api.MemoryUsage {
	current := r.count(group, "memory.current")
	if current == nil {
		return nil
	}
	usage := &api.MemoryUsage{
		CurrentBytes: *current,
		PeakBytes:    r.count(group, "memory.peak"),
		MaxBytes:     r.count(group, "memory.max"),
		SwapBytes:    r.count(group, "memory.swap.current"),
	}
	inactive := int64(0)
	r.pairs(group, "memory.stat", func(key []byte, value int64) {
		switch string(key) {
		case "inactive_file":
			inactive = value
		case "anon":
			keep(&usage.AnonBytes, value)
		case "file":
			keep(&usage.FileBytes, value)
		case "shmem":
			keep(&usage.ShmemBytes, value)
		case "file_mapped":
			keep(&usage.MappedBytes, value)
		case "file_dirty":
			keep(&usage.DirtyBytes, value)
		case "file_writeback":
			keep(&usage.WritebackBytes, value)
		case "kernel":
			keep(&usage.KernelBytes, value)
		case "slab":
			keep(&usage.SlabBytes, value)
		case "kernel_stack":
			keep(&usage.KernelStackBytes, value)
		case "pagetables":
			keep(&usage.PageTablesBytes, value)
		case "sock":
			keep(&usage.SocketBytes, value)
		case "pgmajfault":
			keep(&usage.MajorFaults, value)
		}
	})
	usage.WorkingSetBytes = workingSet(*current, inactive)
	r.pairs(group, "memory.events", func(key []byte, value int64) {
		switch string(key) {
		case "max":
			keep(&usage.MaxReached, value)
		case "oom_kill":
			keep(&usage.OOMKills, value)
		}
	})
	return usage
}

func (r *reading) memoryOfVersion1(group folder) *api.MemoryUsage {
	current := r.count(group, "memory.usage_in_bytes")
	if current == nil {
		return nil
	}
	usage := &api.MemoryUsage{
		CurrentBytes: *current,
		PeakBytes:    r.count(group, "memory.max_usage_in_bytes"),
		MaxBytes:     r.count(group, "memory.limit_in_bytes"),
		KernelBytes:  r.count(group, "memory.kmem.usage_in_bytes"),
		SocketBytes:  r.count(group, "memory.kmem.tcp.usage_in_bytes"),
		MaxReached:   r.count(group, "memory.failcnt"),
	}
	// The limit of memory and swap is asked first. Where it is not above that of memory, it alone is ever reached, and newer
	// kernels do not count that.
	if sum := r.count(group, "memory.memsw.limit_in_bytes"); sum != nil && usage.MaxBytes != nil && *sum <= *usage.MaxBytes {
		usage.MaxReached = nil
	}
	inactive := int64(0)
	// What does not begin with "total_" is without the groups below.
	r.pairs(group, "memory.stat", func(key []byte, value int64) {
		switch string(key) {
		case "total_inactive_file":
			inactive = value
		case "total_rss":
			keep(&usage.AnonBytes, value)
		case "total_cache":
			keep(&usage.FileBytes, value)
		case "total_shmem":
			keep(&usage.ShmemBytes, value)
		case "total_mapped_file":
			keep(&usage.MappedBytes, value)
		case "total_dirty":
			keep(&usage.DirtyBytes, value)
		case "total_writeback":
			keep(&usage.WritebackBytes, value)
		case "total_swap":
			keep(&usage.SwapBytes, value)
		case "total_pgmajfault":
			keep(&usage.MajorFaults, value)
		}
	})
	usage.WorkingSetBytes = workingSet(*current, inactive)
	if !r.group.holdsGroups() {
		// The kernel counts it in the group of the process it killed, and in none above.
		r.pairs(group, "memory.oom_control", func(key []byte, value int64) {
			if string(key) == "oom_kill" {
				keep(&usage.OOMKills, value)
			}
		})
	}
	return usage
}

// workingSet is never below 0: the kernel sums up one number a little later than the other.
func workingSet(current, inactiveFile int64) int64 { return max(0, current-inactiveFile) }
