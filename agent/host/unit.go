package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
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

// EnsureUnit makes sure that the unit is installed for this agent, enabled and active. It is quick where it is.
//
// Systemd removes the group of a unit whose processes have all ended, also of one that remains active, and forgets
// about it; whoever starts a container makes the folder again. Seen with systemd 252: it then leaves the group and
// the controllers of system.slice alone, through daemon-reload too.
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
	state, err := systemctl(ctx, "show", "--property=ActiveState", "--property=ControlGroup", "--property=NeedDaemonReload", unitName)
	if err != nil {
		return err
	}
	if string(current) != wanted {
		if err := writeUnit(wanted); err != nil {
			return err
		}
	}
	// The second is what an agent leaves that is killed right here.
	if string(current) != wanted || strings.Contains(state, "NeedDaemonReload=yes\n") {
		// Each reload reads every unit of the host anew; one does for both changes.
		if err := systemctls(ctx, "enable --no-reload "+unitName, "daemon-reload"); err != nil {
			return err
		}
	}
	stopped := strings.Contains(state, "ActiveState=inactive\n") || strings.Contains(state, "ActiveState=failed\n")
	switch {
	case strings.Contains(state, "ActiveState=active\n"):
		return nil
	case stopped && !strings.Contains(state, "ControlGroup=\n"):
		// Somebody stopped the unit and containers went on in its group. Starting it would fail, because its first
		// process may not enter a group that has controllers below it; and nothing is missing.
		return nil
	default:
		return systemctls(ctx, "enable --no-reload "+unitName, "start "+unitName)
	}
}

// removeUnit undoes EnsureUnit. A unit that is not there is no error.
func removeUnit(ctx context.Context) error {
	if _, err := os.Lstat(unitFile); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := systemctls(ctx, "stop "+unitName, "disable --no-reload "+unitName); err != nil {
		return err
	}
	if err := os.Remove(unitFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the systemd unit: %w", err)
	}
	return systemctls(ctx, "daemon-reload")
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
