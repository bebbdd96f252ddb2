package cgroup

import (
	"fmt"
	"os"
	"strings"

	"pulumi-slipway/agent/api"
)

// online is where the kernel says which processors and memory nodes there are (Documentation/admin-guide/cputopology.rst).
const (
	onlineProcessors = "/sys/devices/system/cpu/online"
	onlineNodes      = "/sys/devices/system/node/online"
)

// tooMany says what resources ask for that this machine does not have. The kernel would take most of it, and nobody would
// notice.
func tooMany(wanted *api.GroupResources) []string {
	var all []string
	there, known := online(onlineProcessors)
	if cpu := or(wanted.CPU); known && cpu.MaxUs != nil && *cpu.MaxUs != api.Unlimited {
		period := int64(defaultPeriod)
		if cpu.PeriodUs != nil {
			period = *cpu.PeriodUs
		}
		if *cpu.MaxUs > int64(len(there))*period {
			all = append(all, fmt.Sprintf("%s: the host has %d processors, and this is the time of %g",
				cpuMax.name(), len(there), float64(*cpu.MaxUs)/float64(period)))
		}
	}
	for _, k := range []set{cpusetCpus, cpusetMems} {
		there, known := online(map[string]string{"cpuset.cpus": onlineProcessors, "cpuset.mems": onlineNodes}[k.file])
		value := k.get(wanted)
		if value == nil || !known {
			continue
		}
		asked, _ := parseSet(*value)
		for n := range asked {
			if !there[n] {
				all = append(all, fmt.Sprintf("%s: the host has no number %d", k.name(), n))
				break
			}
		}
	}
	return all
}

// online reads a list of numbers; false where the kernel has no such list.
func online(path string) (map[int]bool, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, false
	}
	return parseSet(strings.TrimSpace(string(data)))
}
