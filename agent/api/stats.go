package api

// Stats is one reading of what everything of ours on a host uses. As the answer to GET /v1/stats it is one line of JSON;
// with ?follow=true there is one more such line (application/x-ndjson) after every interval.
//
// Counters only grow while the thing runs, so that two readings give a rate; a container that starts anew begins at 0.
// Times are in microseconds, amounts in bytes. A field that the kernel, its version or its settings do not have is absent;
// 0 is always a true 0. Fields may be added, but none changes its meaning or its unit. docs/stats.md says where each comes
// from.
type Stats struct {
	// Time is when the reading began, as RFC 3339 with microseconds or better, in UTC.
	Time   string `json:"time"`
	HostID string `json:"hostId"`
	// CPUs and MemoryBytes are the host's, what a group without a limit can use.
	CPUs        int   `json:"cpus"`
	MemoryBytes int64 `json:"memoryBytes"`
	// Containers are those that run, Cgroups those that are declared, both by owner. The usage of a group is that of all
	// that is in it.
	Containers []ContainerStats `json:"containers"`
	Cgroups    []CgroupStats    `json:"cgroups"`
}

// ContainerStats is what one running container uses.
type ContainerStats struct {
	Identity
	// Path is that of its group, below the root of each hierarchy. One in a declared group begins with the path of that.
	Path string `json:"path"`
	// StartedAt is when its first process began, as in the inventory: another value means that all counters began anew.
	StartedAt string `json:"startedAt"`
	Usage
	// Links are the network links in a namespace of its own, by name; absent where it shares the host's, whose traffic is
	// not the container's.
	Links []LinkUsage `json:"links,omitempty"`
}

// CgroupStats is what all in one declared group use together.
type CgroupStats struct {
	Identity
	// Path is below the root of each hierarchy.
	Path string `json:"path"`
	Usage
}

// Usage is what a control group uses.
type Usage struct {
	CPU    *CPUUsage    `json:"cpu,omitempty"`
	Memory *MemoryUsage `json:"memory,omitempty"`
	Pids   *PidsUsage   `json:"pids,omitempty"`
	// IO is by block device, those that the group has used since it began.
	IO []DeviceUsage `json:"io,omitempty"`
	// Pressure is how long something waited for a resource (Documentation/accounting/psi.rst).
	Pressure *Pressure `json:"pressure,omitempty"`
}

// CPUUsage is processor time since the group began (cpu.stat; cpuacct and cpu.stat on version 1).
type CPUUsage struct {
	UsageUs  int64 `json:"usageUs"`
	UserUs   int64 `json:"userUs"`
	SystemUs int64 `json:"systemUs"`
	// Periods count the periods of a quota that have passed with something running; ThrottledPeriods those in which the
	// group was made to wait, and ThrottledUs is for how long, summed over its processors.
	Periods          *int64 `json:"periods,omitempty"`
	ThrottledPeriods *int64 `json:"throttledPeriods,omitempty"`
	ThrottledUs      *int64 `json:"throttledUs,omitempty"`
}

// MemoryUsage is memory now, by kind, and what went wrong since the group began.
type MemoryUsage struct {
	// CurrentBytes is all that is charged to the group, the page cache of its files included. WorkingSetBytes is less what
	// the kernel can take back without loss (inactive pages of files): what tools such as `docker stats` show.
	CurrentBytes    int64 `json:"currentBytes"`
	WorkingSetBytes int64 `json:"workingSetBytes"`
	// PeakBytes is the most that was ever charged (memory.peak, since Linux 5.19; memory.max_usage_in_bytes).
	PeakBytes *int64 `json:"peakBytes,omitempty"`
	// MaxBytes is the limit, absent where there is none of the group's own.
	MaxBytes *int64 `json:"maxBytes,omitempty"`
	// SwapBytes is what is swapped out.
	SwapBytes *int64 `json:"swapBytes,omitempty"`
	// AnonBytes is memory that no file is behind, FileBytes the page cache, of which ShmemBytes is tmpfs and shared memory
	// and MappedBytes is mapped; KernelBytes is the kernel's own for the group (Linux 5.18 and later, and version 1), of
	// which SlabBytes, KernelStackBytes and PageTablesBytes are parts; SocketBytes is in network buffers.
	AnonBytes        *int64 `json:"anonBytes,omitempty"`
	FileBytes        *int64 `json:"fileBytes,omitempty"`
	ShmemBytes       *int64 `json:"shmemBytes,omitempty"`
	MappedBytes      *int64 `json:"mappedBytes,omitempty"`
	DirtyBytes       *int64 `json:"dirtyBytes,omitempty"`
	WritebackBytes   *int64 `json:"writebackBytes,omitempty"`
	KernelBytes      *int64 `json:"kernelBytes,omitempty"`
	SlabBytes        *int64 `json:"slabBytes,omitempty"`
	KernelStackBytes *int64 `json:"kernelStackBytes,omitempty"`
	PageTablesBytes  *int64 `json:"pageTablesBytes,omitempty"`
	SocketBytes      *int64 `json:"socketBytes,omitempty"`
	// MajorFaults count the pages that had to be read from a disk.
	MajorFaults *int64 `json:"majorFaults,omitempty"`
	// MaxReached counts how often the group was at its limit and memory had to be taken back, OOMKills the processes killed
	// because none could.
	MaxReached *int64 `json:"maxReached,omitempty"`
	OOMKills   *int64 `json:"oomKills,omitempty"`
}

// PidsUsage counts processes and threads.
type PidsUsage struct {
	Current int64 `json:"current"`
	// Peak is the most there ever were (pids.peak, since Linux 6.1).
	Peak *int64 `json:"peak,omitempty"`
	// Max is the limit, absent where there is none of the group's own; MaxReached counts the forks it refused.
	Max        *int64 `json:"max,omitempty"`
	MaxReached *int64 `json:"maxReached,omitempty"`
}

// DeviceUsage is what went to and from one block device since the group began.
type DeviceUsage struct {
	// Device is "major:minor"; Name the kernel's name for it, "" where it is there no more.
	Device       string `json:"device"`
	Name         string `json:"name,omitempty"`
	ReadBytes    int64  `json:"readBytes"`
	WriteBytes   int64  `json:"writeBytes"`
	ReadOps      int64  `json:"readOps"`
	WriteOps     int64  `json:"writeOps"`
	DiscardBytes *int64 `json:"discardBytes,omitempty"`
	DiscardOps   *int64 `json:"discardOps,omitempty"`
}

// Pressure is by the resource that was waited for.
type Pressure struct {
	CPU    *Stall `json:"cpu,omitempty"`
	Memory *Stall `json:"memory,omitempty"`
	IO     *Stall `json:"io,omitempty"`
}

// Stall says how long some, and how long all that was not idle, had to wait. Full of the processor came with Linux 5.13.
type Stall struct {
	Some StallShare  `json:"some"`
	Full *StallShare `json:"full,omitempty"`
}

// StallShare is the share of the last 10, 60 and 300 seconds, in percent with two digits, and the sum since the group
// began.
type StallShare struct {
	Avg10   float64 `json:"avg10"`
	Avg60   float64 `json:"avg60"`
	Avg300  float64 `json:"avg300"`
	TotalUs int64   `json:"totalUs"`
}

// LinkUsage is what went through one network link since it was made, seen from inside the container.
type LinkUsage struct {
	Name            string `json:"name"`
	ReceivedBytes   int64  `json:"receivedBytes"`
	ReceivedPackets int64  `json:"receivedPackets"`
	ReceivedErrors  int64  `json:"receivedErrors"`
	ReceivedDropped int64  `json:"receivedDropped"`
	SentBytes       int64  `json:"sentBytes"`
	SentPackets     int64  `json:"sentPackets"`
	SentErrors      int64  `json:"sentErrors"`
	SentDropped     int64  `json:"sentDropped"`
}
