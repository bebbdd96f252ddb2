package api

// Inventory lists everything the agent keeps on the host, by owner.
type Inventory struct {
	Host       HostFacts          `json:"host"`
	Hosts      []Identity         `json:"hosts"`
	Layers     []LayerAnswer      `json:"layers"`
	Images     []ImageAnswer      `json:"images"`
	Cgroups    []CgroupAnswer     `json:"cgroups"`
	Containers []ContainerSummary `json:"containers"`
}

// ContainerSummary is a container in the inventory, with what people want to see and state must not hold.
type ContainerSummary struct {
	ContainerAnswer
	// Command is what the first process was started with.
	Command []string `json:"command"`
	// StartedAt and EndedAt are RFC 3339 times, "" where unknown or not yet.
	StartedAt string `json:"startedAt,omitempty"`
	EndedAt   string `json:"endedAt,omitempty"`
	// Frozen is whether nothing in it runs, because it is paused or a group above it is.
	Frozen bool `json:"frozen,omitempty"`
	// OOMKills and PidsMaxReached count what OOMKilled and PidsLimitReached only tell of.
	OOMKills       *int64 `json:"oomKills,omitempty"`
	PidsMaxReached *int64 `json:"pidsMaxReached,omitempty"`
}

// LogLine is one line of the log format, which is that of the Kubernetes container runtime interface: time as
// RFC 3339 with nanoseconds, "stdout" or "stderr", "F" for a full line or "P" for a part of one, and the bytes.
//
//	2026-01-02T03:04:05.000000006Z stdout F hello
const LogLine = "<time> <stream> <F|P> <bytes>"
