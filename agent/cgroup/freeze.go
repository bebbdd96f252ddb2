package cgroup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pulumi-slipway/agent/api"
)

// freezePatience is how long processes may take to stand still. Only one that hangs in the kernel takes longer than a moment.
const freezePatience = 10 * time.Second

// freezer is the hierarchy in which groups are paused: that of version 2, which needs no controller for it, or else
// version 1's.
func (t *Tree) freezer() (Hierarchy, error) {
	for _, h := range t.Mounted {
		if h.Version == 2 {
			return h, nil
		}
	}
	if h, ok := t.with("freezer"); ok {
		return h, nil
	}
	return Hierarchy{}, &api.Problem{Code: api.CodeUnsupported, Step: "look for the controller freezer", Object: "paused",
		Detail: "`paused`: no mounted control group hierarchy can pause; mount cgroup2, or the controller freezer of version 1"}
}

// CanPause refuses where no group can be paused on this host.
func (t *Tree) CanPause() error {
	_, err := t.freezer()
	return err
}

// Pause stops every process in the group and below it where it is, and waits until all stand still. Where they do not, all
// go on, and the problem names those that hang. A group that is gone (see Gone) is not made again.
func (g Group) Pause(ctx context.Context) error {
	h, err := g.tree.freezer()
	if err != nil {
		return err
	}
	if _, err := os.Lstat(g.Folder(g.tree.Entered[0])); err != nil {
		return fmt.Errorf("pause %s: %w", g.Path(), err)
	}
	if err := g.join(h); err != nil {
		return fmt.Errorf("pause %s: %w", g.Path(), err)
	}
	p := g.in(h)
	if err = p.freeze(ctx); err == nil {
		return nil
	}
	if thawed := p.thaw(); thawed != nil && !Gone(thawed) {
		err = errors.Join(err, thawed)
	}
	if !errors.Is(err, errNotFrozen) {
		return fmt.Errorf("pause %s: %w", g.Path(), err)
	}
	return &api.Problem{Code: api.CodeStuck, Step: "freeze", Object: g.Path(),
		Detail: fmt.Sprintf("the processes in the control group %s do not stand still within %v, and go on%s", g.Path(), freezePatience, hanging(p.processes()))}
}

// Unpause lets the group's processes go on, unless a group above it is paused too. One that is not paused, or gone, is fine.
func (g Group) Unpause() error {
	h, err := g.tree.freezer()
	if err != nil {
		return nil // What nothing can pause is not paused.
	}
	if err := g.in(h).thaw(); err != nil && !Gone(err) {
		return fmt.Errorf("unpause %s: %w", g.Path(), err)
	}
	return nil
}

// Paused tells whether the group itself was paused, whatever is above it.
func (g Group) Paused() (bool, error) {
	h, err := g.tree.freezer()
	if err != nil {
		return false, nil
	}
	return g.in(h).frozenItself()
}

// Stopped is the path of the nearest group that is paused, this one or one above it; "" where there is none.
func (g Group) Stopped() (string, error) {
	h, err := g.tree.freezer()
	if err != nil {
		return "", nil
	}
	for folder := g.Folder(h); folder != h.Mount; folder = filepath.Dir(folder) {
		if frozen, err := (place{folder: folder, version: h.Version}).frozenItself(); frozen || err != nil {
			return strings.TrimPrefix(folder, h.Mount), err
		}
	}
	return "", nil
}

// frozenItself is false also where there is no such group.
func (p place) frozenItself() (bool, error) {
	name := "cgroup.freeze"
	if p.version == 1 {
		name = "freezer.self_freezing"
	}
	data, err := os.ReadFile(p.path(name))
	if Gone(err) {
		return false, nil
	}
	return strings.TrimSpace(string(data)) == "1", err
}

var errNotFrozen = errors.New("they do not freeze")

// freeze waits until every process below stands still. In version 1 one that forks meanwhile may keep the group on the way
// for ever, unless it is let go for a moment; version 2 has no such flaw.
func (p place) freeze(ctx context.Context) error {
	deadline := time.Now().Add(freezePatience)
	for try := 1; ; try++ {
		err := p.startFreezing()
		if err != nil {
			return err
		}
		frozen, err := p.frozen()
		if err != nil || frozen {
			return err
		}
		if time.Now().After(deadline) {
			return errNotFrozen
		}
		if p.version == 1 && try%50 == 0 {
			if err := p.thaw(); err != nil {
				return err
			}
		}
		select {
		case <-time.After(min(time.Duration(try)*time.Millisecond, 10*time.Millisecond)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p place) startFreezing() error {
	if p.version == 1 {
		return write(p.path("freezer.state"), "FROZEN")
	}
	return write(p.path("cgroup.freeze"), "1")
}

func (p place) thaw() error {
	if p.version == 1 {
		return write(p.path("freezer.state"), "THAWED")
	}
	return write(p.path("cgroup.freeze"), "0")
}

// frozen tells whether nothing below runs any more, whichever group it was paused by.
func (p place) frozen() (bool, error) {
	if p.version == 1 {
		state, err := os.ReadFile(p.path("freezer.state"))
		return strings.TrimSpace(string(state)) == "FROZEN", err
	}
	events, err := os.ReadFile(p.path("cgroup.events"))
	return strings.TrimSpace(counted(string(events), "frozen")) == "1", err
}

// hanging says which of some processes hang in the kernel, "" where none does.
func hanging(pids []int) string {
	hang := described(pids, func(state byte) bool { return state == 'D' })
	if hang == "" {
		return ""
	}
	return "; these hang in the kernel: " + hang
}
