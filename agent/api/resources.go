package api

// GroupResources are the settings of a control group, named as the files of cgroup version 2 are
// (Documentation/admin-guide/cgroup-v2.rst); on version 1 they mean what comes closest, which package cgroup lists. A
// nil field is not ours to set: a new group has the kernel's default for it. A limit of Unlimited is lifted.
type GroupResources struct {
	CPU     *CPU      `json:"cpu,omitempty"`
	Cpuset  *Cpuset   `json:"cpuset,omitempty"`
	Memory  *Memory   `json:"memory,omitempty"`
	Pids    *Pids     `json:"pids,omitempty"`
	IO      *IO       `json:"io,omitempty"`
	Hugetlb []Hugetlb `json:"hugetlb,omitempty"`
	Devices []string  `json:"devices,omitempty"`
}

// Unlimited lifts a limit, as "max" does in the kernel's files and -1 in Docker's.
const Unlimited = -1

// CPU is processor time.
type CPU struct {
	// MaxUs is how much of it the group may use in each period, in microseconds; PeriodUs is that period, 100,000 where it
	// is nil.
	MaxUs    *int64 `json:"maxUs,omitempty"`
	PeriodUs *int64 `json:"periodUs,omitempty"`
	// BurstUs is how much of what was not used may be used on top later.
	BurstUs *int64 `json:"burstUs,omitempty"`
	// Weight against siblings, 1 to 10,000; the kernel's default is 100. Shares is the same in the words of version 1, 2
	// to 262,144, where the default is 1024; one of the two is given.
	Weight *int64 `json:"weight,omitempty"`
	Shares *int64 `json:"shares,omitempty"`
}

// Cpuset is which processors and memory nodes the group may use, in the format of cpuset(7): "0-2,4".
type Cpuset struct {
	Cpus string `json:"cpus,omitempty"`
	Mems string `json:"mems,omitempty"`
}

// Memory is in bytes.
type Memory struct {
	// Max is never exceeded: who asks for more when nothing can be taken back is killed.
	Max *int64 `json:"max,omitempty"`
	// High is where the kernel begins to slow the group down and to take memory back.
	High *int64 `json:"high,omitempty"`
	// Low is kept for the group unless the host has nothing else to take back; Min is kept always.
	Low *int64 `json:"low,omitempty"`
	Min *int64 `json:"min,omitempty"`
	// SwapMax is how much swap the group may use, not counting memory.
	SwapMax *int64 `json:"swapMax,omitempty"`
	// OOMGroup kills all of the group where the kernel would kill one of its processes.
	OOMGroup *bool `json:"oomGroup,omitempty"`
}

// Pids counts processes and threads.
type Pids struct {
	Max *int64 `json:"max,omitempty"`
}

// IO is what is read from and written to block devices.
type IO struct {
	// Weight against siblings, 1 to 10,000; the kernel's default is 100.
	Weight *int64  `json:"weight,omitempty"`
	Max    []IOMax `json:"max,omitempty"`
}

// IOMax limits the use of one block device, each field a second.
type IOMax struct {
	// Device is a path below /dev on the host, or "major:minor".
	Device     string `json:"device"`
	ReadBytes  *int64 `json:"readBytes,omitempty"`
	WriteBytes *int64 `json:"writeBytes,omitempty"`
	ReadOps    *int64 `json:"readOps,omitempty"`
	WriteOps   *int64 `json:"writeOps,omitempty"`
}

// Hugetlb limits huge pages of one size.
type Hugetlb struct {
	// PageSize is as the kernel's files have it: "2MB", "1GB".
	PageSize string `json:"pageSize"`
	Max      int64  `json:"max"`
}
