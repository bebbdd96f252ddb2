package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
	"pulumi-slipway/agent/monitor"
)

// observed is what the kernel and the monitor's files say of a container at one moment.
type observed struct {
	state monitor.State
	// process is a descriptor of the first process where it lives, else -1. Whoever observes closes it.
	process int
	// exit is the end of the last run, nil where it is not known.
	exit *monitor.Exit
}

func (o observed) running() bool { return o.process >= 0 }

func (o observed) close() {
	if o.process >= 0 {
		unix.Close(o.process)
	}
}

// observe finds out whether the first process lives. A process id alone says nothing, because the kernel gives it to others
// later; but only processes of the container are ever in its group. So it does not matter whether the monitor lives.
func (p place) observe() (observed, error) {
	o := observed{process: -1}
	if err := readJSON(p.state, &o.state); err != nil {
		return o, err
	}
	if o.state.Pid > 0 {
		process, err := unix.PidfdOpen(o.state.Pid, 0)
		if err == nil {
			o.process = process
			ours, err := p.group.Has(o.state.Pid)
			if err != nil || !ours || ended(process) {
				o.close()
				o.process = -1
			}
			if err != nil {
				return o, err
			}
		} else if err != unix.ESRCH && err != unix.EINVAL && err != unix.ENOENT {
			// The latter two mean a thread that is no process; ENOENT since Linux 6.15.
			return o, fmt.Errorf("look at process %d: %w", o.state.Pid, err)
		}
	}
	if !o.running() {
		var exit monitor.Exit
		if err := readJSON(p.file(monitor.ExitName), &exit); err != nil {
			return o, err
		}
		if exit.EndedAt != "" {
			o.exit = &exit
		}
	}
	return o, nil
}

// ended tells whether a process has ended, waited for or not.
func ended(process int) bool { return waitFor(process, 0) }

// readJSON reads a file of the monitor; one that is missing or empty leaves the value as it is.
func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(data) == 0 {
		return nil
	}
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// answer describes a container as it now is.
func (p place) answer(owner string, r record, o observed) (api.ContainerAnswer, error) {
	a := api.ContainerAnswer{
		Identity: api.Identity{Owner: owner, Slot: p.Slot, Incarnation: p.Incarnation},
		ImageID:  r.ImageID, Running: o.running(), Labels: r.Request.Labels,
	}
	if o.exit != nil {
		a.ExitCode = &o.exit.Code
	}
	happened := p.events(o)
	a.OOMKilled, a.PidsLimitReached = some(happened.OOMKills), some(happened.PidsRefused)
	if !o.running() {
		return a, nil
	}
	var err error
	if a.Paused, err = p.group.Paused(); err != nil {
		return a, err
	}
	held, err := p.group.Read(resourcesOf(r.Request))
	if cgroup.Gone(err) {
		// It has ended since it was observed, and its group is gone.
		a.Running, a.Paused = false, false
		return a, nil
	}
	if err != nil || r.Request.Resources == nil {
		return a, err
	}
	a.Resources = asked(held, r.Request)
	return a, nil
}
