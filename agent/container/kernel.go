package container

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// abilities are what this kernel can do of what recipes choose between.
type abilities struct {
	// overlayByLayer: overlayfs takes its layers one by one (Linux 6.7).
	overlayByLayer bool
}

// askKernel tries things out; versions lie where distributions backport.
func askKernel() (abilities, error) {
	var a abilities
	fs, err := unix.Fsopen("overlay", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return a, fmt.Errorf("fsopen overlay: %w", err)
	}
	defer unix.Close(fs)
	// Kernels before 6.5 take any option now and complain when the file system is created, so one that is made up
	// tells whether the answer means anything.
	checks := unix.FsconfigSetString(fs, "slipway-no-such-option", "") != nil
	a.overlayByLayer = checks && unix.FsconfigSetString(fs, "lowerdir+", "/") == nil
	return a, nil
}

// checkDevices makes sure that the nodes that containers get are what their names say.
func checkDevices() error {
	for _, d := range devices {
		path := "/dev/" + d.name
		var stat unix.Stat_t
		if err := unix.Lstat(path, &stat); err != nil {
			return fmt.Errorf("look at %s: %w", path, err)
		}
		if stat.Mode&unix.S_IFMT != unix.S_IFCHR || stat.Rdev != unix.Mkdev(d.major, d.minor) {
			return fmt.Errorf("%s of this host is not the character device %d:%d", path, d.major, d.minor)
		}
	}
	return nil
}
