package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// delegated are the controllers of version 2 that containers may have settings of.
var delegated = []string{"memory", "cpu", "pids", "cpuset", "io", "hugetlb"}

// usual are the controllers whose hierarchies every container enters, for what it may use and for what it did use.
// Version 2 tells processor time and can freeze without any controller; withoutVersion2 are those that can where it is not
// mounted.
var (
	usual           = []string{"memory", "cpu", "pids", "io"}
	withoutVersion2 = []string{"cpuacct", "freezer"}
)

// Tree is the hierarchies of this host, and our base in them.
type Tree struct {
	// Base is below the root of each hierarchy.
	Base string
	// Entered are those that every container enters, those of version 1 before the one of version 2.
	Entered []Hierarchy
	// Mounted are all there are, in the same order. A container enters another one where it has a setting in that.
	Mounted []Hierarchy
	// wanted is what is asked for a group by its name; see place.
	wanted func(name string) *api.GroupResources
	// refused holds for a controller of version 2, by name, the error why it cannot be switched on. Prepare writes it
	// while other requests read it.
	refused sync.Map
}

// refusal is why a controller cannot be switched on, or nil.
func (t *Tree) refusal(controller string) error {
	reason, _ := t.refused.Load(controller)
	err, _ := reason.(error)
	return err
}

// Open finds the hierarchies. Where none is mounted there is no place for a container, which is an error.
func Open(base string) (*Tree, error) {
	mounted, err := hierarchies()
	if err != nil {
		return nil, err
	}
	byVersion(mounted)
	t := &Tree{Base: base, Entered: choose(mounted, base), Mounted: mounted}
	if len(t.Entered) == 0 {
		return nil, errors.New("no control group hierarchy is mounted on this host; mount cgroup2 on /sys/fs/cgroup")
	}
	return t, nil
}

// choose takes the one of version 2, those with one of the usual controllers, and those where the group above our base is:
// there systemd keeps track of services, and of sessions, which it kills. (It removes the base itself whenever that is
// empty.) Where there is none of these, any will do to hold the processes.
func choose(mounted []Hierarchy, base string) []Hierarchy {
	controllers := usual
	if !slices.ContainsFunc(mounted, func(h Hierarchy) bool { return h.Version == 2 }) {
		controllers = slices.Concat(usual, withoutVersion2)
	}
	var entered []Hierarchy
	taken := map[string]bool{}
	for _, h := range mounted {
		above := filepath.Dir(base)
		_, err := os.Lstat(filepath.Join(h.Mount, above))
		wanted := h.Version == 2 || err == nil && above != "."
		for _, controller := range controllers {
			if h.has(controller) && !taken[controller] {
				taken[controller], wanted = true, true
			}
		}
		if wanted {
			entered = append(entered, h)
		}
	}
	if len(entered) == 0 && len(mounted) > 0 {
		entered = mounted[:1]
	}
	byVersion(entered)
	return entered
}

func byVersion(all []Hierarchy) {
	slices.SortStableFunc(all, func(a, b Hierarchy) int { return a.Version - b.Version })
}

// with finds the hierarchy that has a controller, or false.
func (t *Tree) with(controller string) (Hierarchy, bool) {
	i := slices.IndexFunc(t.Mounted, func(h Hierarchy) bool { return h.has(controller) })
	if i < 0 {
		return Hierarchy{}, false
	}
	return t.Mounted[i], true
}

// settable are the hierarchies in which a group can have a setting, and those that all enter.
func (t *Tree) settable() []Hierarchy {
	return slices.DeleteFunc(slices.Clone(t.Mounted), func(h Hierarchy) bool {
		set := slices.ContainsFunc(knobs, func(k knob) bool {
			found, ok := t.with(k.controller())
			return ok && found.Mount == h.Mount
		})
		return !set && !t.enters(h)
	})
}

// enters tells whether every container enters a hierarchy.
func (t *Tree) enters(h Hierarchy) bool {
	return slices.ContainsFunc(t.Entered, func(other Hierarchy) bool { return other.Mount == h.Mount })
}

const (
	monitors       = "monitors"
	containers     = "c"
	declaredGroups = "g"
)

// Prepare makes our groups but for the containers' own. It may be repeated, and is needed again after Remove.
func (t *Tree) Prepare() error {
	for _, h := range t.Entered {
		if err := t.prepare(h); err != nil {
			return err
		}
		if err := h.make(filepath.Join(h.Mount, t.Base, monitors)); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the groups above those of containers in one hierarchy.
func (t *Tree) prepare(h Hierarchy) error { return t.makeAbove(h, containers) }

// makeAbove makes our base in a hierarchy and a group below it, with those between. Their children can have all
// controllers.
func (t *Tree) makeAbove(h Hierarchy, path string) error {
	folder := h.Mount
	for _, name := range strings.Split(t.Base+"/"+path, "/") {
		if h.Version == 2 {
			t.switchOn(h, folder)
		}
		folder = filepath.Join(folder, name)
		if err := h.make(folder); err != nil {
			return err
		}
	}
	if h.Version == 2 {
		t.switchOn(h, folder)
	}
	return nil
}

// Prepared tells whether Prepare has been here and Remove has not.
func (t *Tree) Prepared() bool {
	for _, h := range t.Entered {
		if _, err := os.Lstat(filepath.Join(h.Mount, t.Base, containers)); err != nil {
			return false
		}
	}
	return true
}

// make makes a group unless there is one. A version 1 group of the controller cpuset can be entered by nobody before it
// has processors and memory; it gets all that its parent has.
func (h Hierarchy) make(folder string) error {
	err := os.Mkdir(folder, 0o755)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make a control group: %w", err)
	}
	if err != nil || h.Version != 1 || !h.has("cpuset") {
		return nil
	}
	for _, s := range h.Inherited(folder) {
		if err := s.write(); err != nil {
			return fmt.Errorf("give a new control group what its parent has: %w", err)
		}
	}
	return nil
}

// switchOn lets the children of a version 2 group have the controllers that hold limits. What is refused is not an
// error before somebody asks for that limit.
func (t *Tree) switchOn(h Hierarchy, folder string) {
	path := filepath.Join(folder, "cgroup.subtree_control")
	on, _ := words(path)
	for _, controller := range delegated {
		if !h.has(controller) || slices.Contains(on, controller) {
			continue
		}
		if err := write(path, "+"+controller); err != nil {
			if errors.Is(err, unix.EBUSY) {
				err = fmt.Errorf("%w: the group holds processes of its own", err)
			}
			t.refused.Store(controller, err)
		}
	}
}

// EnterMonitors moves the calling thread into the monitors' groups of version 1, so that what it starts is born there.
// The caller locks its goroutine to the thread. A single thread that moves itself takes no lock in the kernel; moving
// another process would stop every fork on the host for a grace period of 10 to 20 ms.
func (t *Tree) EnterMonitors() error {
	for _, h := range t.Entered {
		if h.Version == 1 {
			if err := write(filepath.Join(h.Mount, t.Base, monitors, "tasks"), "0"); err != nil {
				return fmt.Errorf("enter the monitors' control group: %w", err)
			}
		}
	}
	return nil
}

// OpenMonitors opens the monitors' group of version 2, to clone into; nil where no hierarchy of that version is entered.
func (t *Tree) OpenMonitors() (*os.File, error) {
	for _, h := range t.Entered {
		if h.Version == 2 {
			group, err := os.Open(filepath.Join(h.Mount, t.Base, monitors))
			if err != nil {
				return nil, fmt.Errorf("open the monitors' control group: %w", err)
			}
			return group, nil
		}
	}
	return nil, nil
}
