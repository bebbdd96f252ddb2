package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// processesIn lists what is in the group of a folder itself.
func processesIn(folder string) ([]int, error) {
	found, err := words(filepath.Join(folder, "cgroup.procs"))
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

// processes lists those of the group and of all groups below it. What goes meanwhile is left out.
func (p place) processes() []int {
	var all []int
	_ = filepath.WalkDir(p.folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			// A group whose threads are in several groups lists no processes, and containers can make none.
			pids, _ := processesIn(path)
			all = append(all, pids...)
		}
		return nil
	})
	return all
}

// mostDescribed is how many processes an error names.
const mostDescribed = 10

// described names processes for an error, of all or of those in some states: number, name and what they do. Their names are
// their own choice.
func described(pids []int, wanted func(state byte) bool) string {
	var all []string
	for _, pid := range pids {
		name, state, err := stat(pid)
		if err != nil || wanted != nil && !wanted(state) {
			continue
		}
		what := fmt.Sprintf("%d (%q)", pid, name)
		if state == 'D' {
			what = fmt.Sprintf("%d (%q, hangs in the kernel)", pid, name)
		}
		all = append(all, what)
	}
	if more := len(all) - mostDescribed; more > 0 {
		all = append(all[:mostDescribed], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(all, ", ")
}

// stat is the name and the state of a process, as in proc_pid_stat(5).
func stat(pid int) (name string, state byte, err error) {
	read, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0, err
	}
	data := string(read)
	// The name may hold parentheses itself.
	start, end := strings.IndexByte(data, '('), strings.LastIndexByte(data, ')')
	if start < 0 || end < start || end+2 >= len(data) {
		return "", 0, errors.New("not in the format of proc_pid_stat(5)")
	}
	return data[start+1 : end], data[end+2], nil
}
