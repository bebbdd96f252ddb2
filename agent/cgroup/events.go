package cgroup

import (
	"os"
	"path/filepath"
	"strings"
)

// Events are what happened to a group since it was made; nil is what nobody can tell.
type Events struct {
	// OOMKills counts the processes that the kernel killed for want of memory, be that for the group's limit, for that of
	// a group above it, or because the host had none left.
	OOMKills *int64
	// PeakBytes is the most memory the group ever used.
	PeakBytes *int64
	// PidsRefused counts the processes and threads that a limit of their number has refused.
	PidsRefused *int64
}

// EventFile is a file in which the kernel counts events.
type EventFile struct {
	Path string
	// Size is more than it ever holds, in bytes.
	Size int
}

// eventSources are the files by version, in the order of Events. Those of version 2 count what is below too, but below a
// container's group there is nothing.
var eventSources = [3]struct {
	controller string
	names      [2]string
	size       int
}{
	{"memory", [2]string{"memory.oom_control", "memory.events"}, 384},
	{"memory", [2]string{"memory.max_usage_in_bytes", "memory.peak"}, 64},
	{"pids", [2]string{"pids.events", "pids.events"}, 64},
}

// EventFiles are the files of the group's events, each with a place of its own; one whose controller is nowhere has no path.
func (g Group) EventFiles() []EventFile {
	files := make([]EventFile, len(eventSources))
	for i, source := range eventSources {
		files[i].Size = source.size
		if h, ok := g.tree.with(source.controller); ok {
			files[i].Path = filepath.Join(g.Folder(h), source.names[h.Version-1])
		}
	}
	return files
}

// Events reads what happened to a group so far.
func (g Group) Events() Events {
	var texts []string
	for _, file := range g.EventFiles() {
		text, _ := os.ReadFile(file.Path)
		texts = append(texts, string(text))
	}
	return events(texts)
}

// ParseEvents reads what was kept of a group: the content of its EventFiles, one after the other, each filled up with NULs.
func ParseEvents(kept []byte) Events {
	var texts []string
	for _, source := range eventSources {
		size := min(source.size, len(kept))
		texts = append(texts, strings.TrimRight(string(kept[:size]), "\x00"))
		kept = kept[size:]
	}
	return events(texts)
}

func events(texts []string) Events {
	return Events{OOMKills: known(counted(texts[0], "oom_kill")), PeakBytes: known(texts[1]), PidsRefused: known(counted(texts[2], "max"))}
}

// counted is what stands behind a name, in a file with one pair a line; "" where there is none.
func counted(text, name string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return value
		}
	}
	return ""
}

func known(text string) *int64 {
	value, ok := parseCount([]byte(strings.TrimSpace(text)))
	if !ok {
		return nil
	}
	return &value
}
