package cgroup

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// unlimited is where what the kernel says stops being a limit: it writes the largest number it knows, rounded to a
// page, or "max".
const unlimited = math.MaxInt64 / 2

// number reads a file that holds one number, or "max".
func number(path string) (int64, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	text := strings.TrimSpace(string(data))
	if text == "max" {
		return math.MaxInt64, nil
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", path, err)
	}
	return value, nil
}

// Inherited is what a new version 1 group of the controller cpuset needs before anything can enter it: the processors and
// the memory of its parent.
func (h Hierarchy) Inherited(folder string) []Setting {
	if h.Version != 1 || !h.has("cpuset") {
		return nil
	}
	var all []Setting
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		// An unreadable parent shows at the next write, with its path.
		value, _ := os.ReadFile(filepath.Join(filepath.Dir(folder), name))
		all = append(all, Setting{Path: filepath.Join(folder, name), Value: strings.TrimSpace(string(value))})
	}
	return all
}
