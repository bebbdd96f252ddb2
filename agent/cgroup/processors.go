package cgroup

import (
	"os"
	"strings"
)

// online is where the kernel says which processors and memory nodes there are (Documentation/admin-guide/cputopology.rst).
const (
	onlineProcessors = "/sys/devices/system/cpu/online"
	onlineNodes      = "/sys/devices/system/node/online"
)

// online reads a list of numbers; false where the kernel has no such list.
func online(path string) (map[int]bool, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, false
	}
	return parseSet(strings.TrimSpace(string(data)))
}
