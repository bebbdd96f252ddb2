package cgroup

import (
	"fmt"
	"strings"

	"pulumi-slipway/agent/api"
)

// The smallest and largest limits that make sense. Docker has the same lower bounds; the upper ones are the kernel's.
const (
	leastMemory = 6 << 20
	leastCPUs   = 0.01
	mostCPUs    = 8192    // more than any kernel is built for
	mostPids    = 4194304 // PID_MAX_LIMIT
)

// Validate refuses limits that no host holds, all at once.
func (l Limits) Validate() error {
	var all []string
	if l.Memory != 0 && (l.Memory < leastMemory || l.Memory >= unlimited) {
		all = append(all, fmt.Sprintf("`memory` must be at least 6 MiB (%d bytes), or 0 for no limit, got %d", leastMemory, l.Memory))
	}
	if l.CPUs != 0 && !(l.CPUs >= leastCPUs && l.CPUs <= mostCPUs) {
		all = append(all, fmt.Sprintf("`cpus` must be from %v to %d, or 0 for no limit, got %v", leastCPUs, mostCPUs, l.CPUs))
	}
	if l.PidsLimit != 0 && (l.PidsLimit < 1 || l.PidsLimit > mostPids) {
		all = append(all, fmt.Sprintf("`pidsLimit` must be from 1 to %d, or 0 for no limit, got %d", mostPids, l.PidsLimit))
	}
	if len(all) == 0 {
		return nil
	}
	return &api.Problem{Code: api.CodeInvalid, Detail: strings.Join(all, "; ")}
}
