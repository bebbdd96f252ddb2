package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/image"
	"pulumi-slipway/agent/monitor"
	"pulumi-slipway/agent/store"
)

// plan is a container that is about to be started: its record and its recipe.
type plan struct {
	record   record
	hostname string
	recipe   []byte
}

// plan answers every question about a container but whether it starts.
func (c *Containers) plan(p place, request api.ContainerRequest, resolved *image.Resolved) (plan, error) {
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
	limits := limitsOf(request)
	if err := c.tree.Check(limits); err != nil {
		return plan{}, err
	}
	hostname := first(request.Hostname, p.Incarnation[:12])
	hostNetwork := request.Network == "host"
	r := compile(spec{
		trees: resolved.Trees, upper: p.file(upperName), work: p.file(workName), place: p.dir,
		readOnly: request.ReadOnly, group: p.group, limits: limits, entered: c.tree.Entered,
		hostname: hostname, hostNetwork: hostNetwork, files: boundHostFiles(p.dir),
		user: who, directory: first(request.WorkingDir, config.WorkingDir, "/"),
		arguments: words, env: environment(config.Env, request.Env, hostname, who.home), kernel: c.kernel,
	})
	return plan{
		record: record{Format: recordFormat, Pins: resolved.Pins, Request: request, Arguments: words, StopSignal: signal},
		recipe: r.Encode(), hostname: hostname,
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

// build makes the container's folder, which others see whole or not at all. Nothing is synced: that is done before the
// answer, and a reboot leaves nothing running that would have to be found.
func (c *Containers) build(slot *store.Slot, p place, made plan) error {
	if err := os.Mkdir(slot.Dir(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the slot's folder: %w", err)
	}
	building, err := c.store.Build()
	if err != nil {
		return err
	}
	defer building.Abandon()
	for _, name := range []string{upperName, workName} {
		if err := os.Mkdir(building.Path+"/"+name, 0o755); err != nil {
			return fmt.Errorf("make the container's folder: %w", err)
		}
	}
	if err := c.fill(building.Path, made); err != nil {
		return err
	}
	return building.Commit(p.dir, false)
}

// rebuild makes the folder of a container that has ended ready for another start. What it wrote stays.
func (c *Containers) rebuild(p place, made plan) error {
	if err := c.fill(p.dir, made); err != nil {
		return err
	}
	if err := os.Remove(p.file(monitor.ExitName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget the last exit status: %w", err)
	}
	return nil
}

func (c *Containers) fill(folder string, made plan) error {
	if err := c.store.NoteRecord(folder+"/"+store.RecordName, made.record); err != nil {
		return err
	}
	if err := c.store.WriteFile(folder+"/"+monitor.RecipeName, made.recipe, false); err != nil {
		return err
	}
	return writeHostFiles(folder, made.hostname, made.record.Request.Network == "host")
}

// makeRunDir makes the folder below /run with the state of a container that does not run yet.
func (p place) makeRunDir() error {
	if err := os.MkdirAll(p.run, 0o700); err != nil {
		return fmt.Errorf("make the container's run folder: %w", err)
	}
	// A new file, not an old one emptied: a lock on the old one means nothing any more.
	if err := os.Remove(p.statePath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("make the container's state: %w", err)
	}
	file, err := os.OpenFile(p.statePath(), os.O_RDWR|os.O_CREATE|os.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return fmt.Errorf("make the container's state: %w", err)
	}
	return file.Close()
}
