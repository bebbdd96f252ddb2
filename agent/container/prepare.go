package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
	"pulumi-slipway/agent/image"
	"pulumi-slipway/agent/store"
)

// plan is a container that is about to be started: its record, its recipe, and the limits in that.
type plan struct {
	record   record
	recipe   []byte
	settings []cgroup.Setting
}

// plan answers every question about a container but whether it starts.
func (c *Containers) plan(ctx context.Context, p place, request api.ContainerRequest, resolved *image.Resolved) (plan, error) {
	config := resolved.Config
	words := arguments(request.Entrypoint, request.Command, config.Entrypoint, config.Command)
	if len(words) == 0 {
		return plan{}, &api.Problem{Code: api.CodeInvalid, Object: "command",
			Detail: "`command` must not be empty, because neither `entrypoint` nor the image says what to run"}
	}
	signal := first(request.StopSignal, config.StopSignal, "SIGTERM")
	if _, err := parseSignal(signal); err != nil {
		return plan{}, err
	}
	known, err := c.accounts.read(resolved.ImageID, resolved.Trees)
	if err != nil {
		return plan{}, err
	}
	who, err := resolveUser(first(request.User, config.User), known)
	if err != nil {
		return plan{}, err
	}
	if above := p.group.Above(); above != "" {
		if err := c.groups.Ensure(ctx, above); err != nil {
			return plan{}, err
		}
	}
	wanted := resourcesOf(request)
	if err := p.group.MakeAbove(wanted); err != nil {
		return plan{}, err
	}
	if err := p.group.Check(request.Resources); err != nil {
		return plan{}, err
	}
	settings, err := p.group.Settings(wanted)
	if err != nil {
		return plan{}, err
	}
	hostname := first(request.Hostname, p.Incarnation[:12])
	hostNetwork := request.Network == "host"
	files, err := hostFiles(hostname, hostNetwork)
	if err != nil {
		return plan{}, err
	}
	r := compile(spec{
		trees: resolved.Trees, upper: p.file(upperName), work: p.file(workName), place: p.dir,
		readOnly: request.ReadOnly, group: p.group, settings: settings, entered: p.group.Entered(wanted), keptEvents: p.file(eventsName),
		hostname: hostname, hostNetwork: hostNetwork, files: files,
		user: who, directory: first(request.WorkingDir, config.WorkingDir, "/"),
		arguments: words, env: environment(config.Env, request.Env, hostname, who.home), kernel: c.kernel,
	})
	return plan{
		record: record{Format: recordFormat, Pins: resolved.Pins, Request: request, Arguments: words, StopSignal: signal},
		recipe: r.Encode(), settings: settings,
	}, nil
}

func first(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}

// makeFolders makes what a container needs of the disk before it can be started. Nothing is synced: that is done before
// the answer, and a reboot leaves nothing running that would have to be found.
func makeFolders(slot *store.Slot, p place) error {
	for _, folder := range []string{slot.Dir(), p.dir, p.file(upperName), p.file(workName)} {
		mode := os.FileMode(0o700)
		if folder == p.file(upperName) {
			mode = 0o755 // the container's root
		}
		if err := os.Mkdir(folder, mode); err != nil && (folder != slot.Dir() || !errors.Is(err, fs.ErrExist)) {
			return fmt.Errorf("make the container's folder: %w", err)
		}
	}
	if above := p.group.Above(); above != "" {
		if err := os.Symlink(above, p.file(aboveName)); err != nil {
			return fmt.Errorf("make the container's folder: %w", err)
		}
	}
	return p.makeState()
}

// makeState makes the state of a container that does not run yet. It is a new file, not an old one emptied: a lock on
// the old one means nothing any more.
func (p place) makeState() error {
	for {
		state, err := os.OpenFile(p.state, os.O_RDWR|os.O_CREATE|os.O_EXCL|unix.O_CLOEXEC, 0o600)
		if err == nil {
			return state.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make the container's state: %w", err)
		}
		if err := p.removeState(); err != nil {
			return err
		}
	}
}

// write writes what is kept of a plan. It is done while the container is being started, unless something has to be
// stopped before: a container without a record is a create that was cut off, and found as such.
func (c *Containers) write(p place, made plan) error {
	if err := c.store.NoteRecord(p.file(store.RecordName), made.record); err != nil {
		return err
	}
	return c.store.WriteFile(p.file(recipeName), made.recipe, false)
}
