package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	// unitName is the one systemd unit of ours, and the name of its control group.
	unitName = "slipway.service"
	// unitFile is the one file of ours outside /var/lib/slipway and /run/slipway, with the link that enables it.
	unitFile = "/etc/systemd/system/" + unitName
)

// unitText is the unit that owns the control groups of our containers, so that they are not the SSH session's and
// outlive it also where KillUserProcesses=yes, and that prepares them after a reboot.
//
// Delegate=yes promises that systemd leaves what is below the unit's group to us. KillMode=process together with a
// main process that has ended makes stopping or restarting the unit kill no container. It is no dependency of
// anything, and stopped before what it comes after: mounts, network.
func unitText(agent string) string {
	return strings.Join([]string{
		"# Written by Slipway. Removed with the Host resource when it has onDelete \"purge\".",
		"[Unit]",
		"Description=Slipway containers",
		"After=local-fs.target network.target",
		"RequiresMountsFor=/var/lib/slipway",
		"",
		"[Service]",
		"Type=oneshot",
		"RemainAfterExit=yes",
		"Delegate=yes",
		"KillMode=process",
		"ExecStart=" + agent + " boot",
		"",
		"[Install]",
		"WantedBy=multi-user.target",
		"",
	}, "\n")
}

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

// EnsureUnit makes sure that the unit is installed for this agent, enabled and active. It is quick where it is.
func EnsureUnit(ctx context.Context) error {
	agent, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("find the agent's own file: %w", err)
	}
	wanted := unitText(agent)
	current, err := os.ReadFile(unitFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the systemd unit: %w", err)
	}
	if string(current) != wanted {
		if err := writeUnit(wanted); err != nil {
			return err
		}
		if err := systemctl(ctx, "daemon-reload"); err != nil {
			return err
		}
	} else if systemctl(ctx, "is-active", "--quiet", unitName) == nil {
		return nil
	}
	return systemctl(ctx, "enable", "--now", unitName)
}

// removeUnit undoes EnsureUnit. Units that are not there are no error.
func removeUnit(ctx context.Context) error {
	if _, err := os.Lstat(unitFile); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := systemctl(ctx, "disable", "--now", unitName); err != nil {
		return err
	}
	if err := os.Remove(unitFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the systemd unit: %w", err)
	}
	return systemctl(ctx, "daemon-reload")
}

// writeUnit replaces the unit in one step, so that systemd never reads half of it.
func writeUnit(text string) error {
	temporary, err := os.CreateTemp(filepath.Dir(unitFile), ".slipway-*")
	if err != nil {
		return fmt.Errorf("write the systemd unit: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, written := temporary.WriteString(text)
	if err := errors.Join(written, temporary.Chmod(0o644), temporary.Sync(), temporary.Close()); err != nil {
		return fmt.Errorf("write the systemd unit: %w", err)
	}
	if err := os.Rename(temporary.Name(), unitFile); err != nil {
		return fmt.Errorf("write the systemd unit: %w", err)
	}
	return nil
}

// systemctl runs one command of systemd's; what it printed is in the error.
func systemctl(ctx context.Context, words ...string) error {
	output, err := exec.CommandContext(ctx, "systemctl", words...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("systemctl %s: %w: %s", strings.Join(words, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}
