package host

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// SystemdBooted tells whether systemd is process 1, as sd_booted(3) does.
func SystemdBooted() bool {
	info, err := os.Lstat("/run/systemd/system")
	return err == nil && info.IsDir()
}

// ControlGroup is the folder of the unit's control group below the root of each hierarchy, "" where systemd is not
// process 1. Where systemd itself runs in a container, process 1 tells how deep below the root its groups are.
func ControlGroup() (string, error) {
	if !SystemdBooted() {
		return "", nil
	}
	first, err := os.ReadFile("/proc/1/cgroup")
	if err != nil {
		return "", fmt.Errorf("find systemd's control groups: %w", err)
	}
	return filepath.Join(above(string(first)), "system.slice", unitName), nil
}

// above is where systemd's own tree begins, without a leading slash: its process is in init.scope there, or at the top
// in old versions. It keeps track of processes in the version 1 hierarchy that has its name, else in that of version 2.
func above(cgroups string) string {
	top := ""
	for line := range strings.Lines(cgroups) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, path, _ := strings.Cut(rest, ":")
		if controllers == "name=systemd" || controllers == "" && top == "" {
			top = strings.TrimSuffix(strings.Trim(path, "/"), "init.scope")
		}
	}
	return top
}

// systemctl runs one command of systemd's and answers what it printed.
func systemctl(ctx context.Context, words ...string) (string, error) {
	command := exec.CommandContext(ctx, "systemctl", words...)
	var output, faults strings.Builder
	command.Stdout, command.Stderr = &output, &faults
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("systemctl %s: %w: %s", strings.Join(words, " "), err, strings.TrimSpace(faults.String()))
	}
	return output.String(), nil
}

// systemctls runs commands up to the first that fails.
func systemctls(ctx context.Context, commands ...string) error {
	for _, command := range commands {
		if _, err := systemctl(ctx, strings.Fields(command)...); err != nil {
			return err
		}
	}
	return nil
}
