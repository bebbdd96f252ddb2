package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// Group is one group in several hierarchies: a container's, or one that containers are put below.
type Group struct {
	tree *Tree
	// above is the group it is in, below our base; name is its own.
	above, name string
}

// Entered are the hierarchies a group with such settings is in: those that all are in, and those with a setting. What is
// below a group that people declare is in all there are, because that may get any setting later.
func (g Group) Entered(wanted *api.GroupResources) []Hierarchy {
	if g.declared() {
		return g.tree.settable()
	}
	entered := slices.Clone(g.tree.Entered)
	for _, h := range g.tree.Mounted {
		used := slices.ContainsFunc(knobs, func(k knob) bool {
			found, ok := g.tree.with(k.controller())
			return ok && found.Mount == h.Mount && k.isSet(wanted)
		})
		if used && !g.tree.enters(h) {
			entered = append(entered, h)
		}
	}
	byVersion(entered)
	return entered
}

// MakeAbove makes the groups above this one. Those that Prepare makes are looked at only: they are there but before the first
// container of a host, and Check asks them.
func (g Group) MakeAbove(wanted *api.GroupResources) error {
	for _, h := range g.Entered(wanted) {
		if g.tree.enters(h) && !g.declared() {
			if _, err := os.Lstat(filepath.Dir(g.Folder(h))); err == nil {
				continue
			}
		}
		if err := g.tree.makeAbove(h, g.above); err != nil {
			return err
		}
	}
	return nil
}

// Group names the group of a container that is below no other. It need not exist.
func (t *Tree) Group(incarnation string) Group { return t.Below(containers, incarnation) }

// Below names a group in another one.
func (t *Tree) Below(above, name string) Group { return Group{t, above, name} }

// Declared is the path of a group that people declare, given that of the one it is in, "" for none.
func Declared(above, slot string) string {
	if above == "" {
		above = declaredGroups
	}
	return filepath.Join(above, slot)
}

// declared tells whether it is such a group, or in one.
func (g Group) declared() bool {
	return g.above == declaredGroups || strings.HasPrefix(g.above, declaredGroups+"/")
}

// holdsGroups tells whether it is a group that others are put in, rather than a container's.
func (g Group) holdsGroups() bool { return g.declared() && !incarnationForm.MatchString(g.name) }

// Above is the path of the group it is in where people declared that, else "".
func (g Group) Above() string {
	if g.declared() {
		return g.above
	}
	return ""
}

// Path is the group's below the root of each hierarchy.
func (g Group) Path() string { return "/" + filepath.Join(g.tree.Base, g.above, g.name) }

// Folder is the group's folder in a hierarchy.
func (g Group) Folder(h Hierarchy) string {
	return filepath.Join(h.Mount, g.Path())
}

// Has tells whether a process is in the group. It also says so of one that has ended but has not been waited for.
func (g Group) Has(pid int) (bool, error) {
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if Gone(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the control groups of process %d: %w", pid, err)
	}
	return strings.Contains(string(groups)+"\n", "/"+g.above+"/"+g.name+"\n"), nil
}

// Gone tells whether a process or a group that was asked about is no more. One that goes between the opening of a file and
// the reading of it shows as ESRCH or ENODEV.
func Gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENODEV)
}

// Processes lists the group's processes; none where there is no group.
func (g Group) Processes() ([]int, error) {
	pids, err := processesIn(g.Folder(g.tree.Entered[0]))
	if Gone(err) {
		return nil, nil
	}
	return pids, err
}

// Containers lists the groups of containers that there are in any hierarchy, wherever they are.
func (t *Tree) Containers() ([]Group, error) {
	seen := map[Group]bool{}
	for _, h := range t.Mounted {
		for _, top := range []string{containers, declaredGroups} {
			root := filepath.Join(h.Mount, t.Base)
			err := filepath.WalkDir(filepath.Join(root, top), func(path string, entry fs.DirEntry, err error) error {
				if errors.Is(err, fs.ErrNotExist) {
					return nil
				}
				if err != nil || !entry.IsDir() || !incarnationForm.MatchString(entry.Name()) {
					return err
				}
				above, err := filepath.Rel(root, filepath.Dir(path))
				if err != nil {
					return err
				}
				seen[Group{t, above, entry.Name()}] = true
				// As it is: WalkDir ends at an error that only holds it.
				return fs.SkipDir
			})
			if err != nil {
				return nil, fmt.Errorf("list the containers' control groups: %w", err)
			}
		}
	}
	return slices.Collect(maps.Keys(seen)), nil
}

// Name is the incarnation of the container, or the slot of a group that people declare.
func (g Group) Name() string { return g.name }

var incarnationForm = regexp.MustCompile("^[0-9a-f]{32}$")
