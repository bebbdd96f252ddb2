package container

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
	"pulumi-slipway/agent/recipe"
)

// eventsName is the file in which a monitor keeps, as the kernel wrote it, what happened in the groups of the last run.
const eventsName = "events"

// readEvents takes down what the kernel counted in the groups.
func readEvents(a script, s spec) (room recipe.Argument, size int) {
	files := s.group.EventFiles()
	for _, file := range files {
		size += file.Size
	}
	room = a.recipe.Room(size)
	at := 0
	for _, file := range files {
		if file.Path != "" {
			opened := a.open(file.Path, unix.O_RDONLY).Tolerate(unix.ENOENT, unix.ENODEV)
			counts := opened.SaveIn(recipe.Scratch)
			opened.Then(func() {
				a.call("read", file.Path, unix.SYS_READ, from(counts), room.Plus(at), number(file.Size)).Tolerate(unix.ENODEV, unix.EIO)
				a.close(counts)
			})
		}
		at += file.Size
	}
	return room, size
}

// keepEvents writes that into the container's folder.
func keepEvents(a script, s spec, room recipe.Argument, size int) {
	kept := a.call("create", s.keptEvents, unix.SYS_OPENAT, here, a.text(s.keptEvents),
		number(unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC), number(0o600)).SaveIn(recipe.Scratch)
	a.call("write", s.keptEvents, unix.SYS_WRITE, from(kept), room, number(size))
	a.close(kept)
}

// events are what happened in the group of a container that runs, or in the last run of one that has ended. Where a killed
// monitor has removed nothing, the group is still there to ask.
func (p place) events(o observed) cgroup.Events {
	if !o.running() {
		if kept, err := os.ReadFile(p.file(eventsName)); err == nil && len(kept) > 0 {
			return cgroup.ParseEvents(kept)
		}
	}
	return p.group.Events()
}

// some tells whether a count that is known is more than 0.
func some(count *int64) *bool {
	if count == nil {
		return nil
	}
	is := *count > 0
	return &is
}

// wants says what a container that has ended lacked, and the way out; "" where it lacked nothing.
func wants(happened cgroup.Events, limits *api.GroupResources) string {
	var text strings.Builder
	if kills := happened.OOMKills; kills != nil && *kills > 0 {
		fmt.Fprintf(&text, "; the kernel killed %s of it for want of memory", counted(*kills, "process"))
		limit := or(limits).Memory
		switch {
		case limit == nil || limit.Max == nil || *limit.Max == api.Unlimited:
			text.WriteString(", although it has no limit of its own: a group above it, or the host, ran out of it")
		case happened.PeakBytes != nil && *happened.PeakBytes < *limit.Max/8*7:
			fmt.Fprintf(&text, ": it used at most %s, its limit `memory` is %s, so a group above it, or the host, ran out of it",
				size(*happened.PeakBytes), size(*limit.Max))
		default:
			fmt.Fprintf(&text, ": its limit `memory` is %s", size(*limit.Max))
			if happened.PeakBytes != nil {
				fmt.Fprintf(&text, ", and it used up to %s", size(*happened.PeakBytes))
			}
			text.WriteString("; allow more, or make the program use less")
		}
	}
	if refused := happened.PidsRefused; refused != nil && *refused > 0 {
		fmt.Fprintf(&text, "; a limit of processes refused it one %s", counted(*refused, "time"))
		if pids := or(limits).Pids; pids != nil && pids.Max != nil && *pids.Max != api.Unlimited {
			fmt.Fprintf(&text, ": its `pidsLimit` is %d", *pids.Max)
		}
	}
	return text.String()
}

func counted(count int64, what string) string {
	switch {
	case count == 1:
		return "1 " + what
	case strings.HasSuffix(what, "s"):
		return fmt.Sprintf("%d %ses", count, what)
	}
	return fmt.Sprintf("%d %ss", count, what)
}

// size is a number of bytes for people.
func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d bytes", bytes)
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}
