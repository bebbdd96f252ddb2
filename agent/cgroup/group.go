package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Group is one container's groups, one in each hierarchy entered.
type Group struct {
	tree        *Tree
	incarnation string
}

// Group names the groups of a container. They need not exist.
func (t *Tree) Group(incarnation string) Group { return Group{t, incarnation} }

// Folder is the group's folder in a hierarchy.
func (g Group) Folder(h Hierarchy) string {
	return filepath.Join(h.Mount, g.tree.Base, containers, g.incarnation)
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
	return strings.Contains(string(groups)+"\n", "/"+containers+"/"+g.incarnation+"\n"), nil
}

// Gone tells whether a process or a group that was asked about is no more. One that goes between the opening of a file and
// the reading of it shows as ESRCH or ENODEV.
func Gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENODEV)
}

// Processes lists the group's processes; none where there is no group.
func (g Group) Processes() ([]int, error) {
	found, err := words(filepath.Join(g.Folder(g.tree.Entered[0]), "cgroup.procs"))
	if Gone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	pids := make([]int, len(found))
	for i, word := range found {
		if pids[i], err = strconv.Atoi(word); err != nil {
			return nil, fmt.Errorf("read the processes of a control group: %w", err)
		}
	}
	return pids, nil
}

// Incarnations lists the containers that have a group in any hierarchy.
func (t *Tree) Incarnations() ([]string, error) {
	seen := map[string]bool{}
	var found []string
	for _, h := range t.Entered {
		entries, err := os.ReadDir(filepath.Join(h.Mount, t.Base, containers))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("list the containers' control groups: %w", err)
		}
		for _, entry := range entries {
			if entry.IsDir() && !seen[entry.Name()] {
				seen[entry.Name()] = true
				found = append(found, entry.Name())
			}
		}
	}
	return found, nil
}
