package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Hierarchy is one mounted tree of control groups.
type Hierarchy struct {
	// Mount is where it is mounted.
	Mount string
	// Version is 1 or 2.
	Version int
	// Controllers that live here. For version 2 those the root offers.
	Controllers []string
}

// has tells whether a controller, called as in version 2, lives here. Devices are no controller of version 2, but it can
// decide on them.
func (h Hierarchy) has(controller string) bool {
	switch {
	case h.Version == 2 && controller == "devices":
		return true
	case h.Version == 1 && controller == "io":
		controller = "blkio"
	}
	return slices.Contains(h.Controllers, controller)
}

// hierarchies lists what the process sees mounted, each hierarchy once.
func hierarchies() ([]Hierarchy, error) {
	mountinfo, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("look for the control groups: %w", err)
	}
	found := parse(string(mountinfo))
	for i := range found {
		if found[i].Version == 2 {
			offered, err := words(filepath.Join(found[i].Mount, "cgroup.controllers"))
			if err != nil {
				return nil, err
			}
			found[i].Controllers = offered
		}
	}
	return found, nil
}

// parse reads the format of proc_pid_mountinfo(5). Where a hierarchy is mounted several times, the mount of the whole
// wins over one of a part; inside a cgroup namespace our part looks whole.
func parse(mountinfo string) []Hierarchy {
	type mount struct {
		Hierarchy
		device string
		whole  bool
	}
	var mounts []mount
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
		fields, super := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 6 || len(super) < 3 {
			continue
		}
		m := mount{device: fields[2], whole: fields[3] == "/"}
		m.Mount = unescape(fields[4])
		switch super[0] {
		case "cgroup":
			// The options also say "rw", "xattr" and the like, which nobody asks for as a controller.
			m.Version, m.Controllers = 1, strings.Split(super[2], ",")
		case "cgroup2":
			m.Version = 2
		default:
			continue
		}
		same := slices.IndexFunc(mounts, func(other mount) bool { return other.device == m.device })
		switch {
		case same < 0:
			mounts = append(mounts, m)
		case m.whole && !mounts[same].whole:
			mounts[same] = m
		}
	}
	found := make([]Hierarchy, len(mounts))
	for i, m := range mounts {
		found[i] = m.Hierarchy
	}
	return found
}

// unescape undoes mountinfo's octal escapes.
func unescape(path string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path)
}

// words reads a file of words.
func words(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a control group: %w", err)
	}
	return strings.Fields(string(data)), nil
}
