package container

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// openRoot opens the root of an image's layers put over each other, mounted nowhere.
func openRoot(trees []string) (int, error) {
	if len(trees) == 1 {
		return openFolder(trees[0])
	}
	type answer struct {
		root int
		err  error
	}
	answers := make(chan answer)
	onOwnThread(func() {
		root, err := mountLayers(trees)
		answers <- answer{root, err}
	})
	a := <-answers
	return a.root, a.err
}

// mountLayers takes the calling thread to a mount namespace of its own and mounts there, the one way that all kernels have in common; see
// overlayAtOnce.
func mountLayers(trees []string) (int, error) {
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		return -1, fmt.Errorf("unshare the mount namespace: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return -1, fmt.Errorf("make the mounts private: %w", err)
	}
	names := make([]string, 0, len(trees))
	for _, tree := range slices.Backward(trees) {
		layer, err := openFolder(tree)
		if err != nil {
			return -1, err
		}
		defer unix.Close(layer)
		names = append(names, "/proc/self/fd/"+strconv.Itoa(layer))
	}
	place := trees[0]
	err := unix.Mount("overlay", place, "overlay", unix.MS_RDONLY|unix.MS_NODEV, "lowerdir="+strings.Join(names, ":"))
	if err != nil {
		return -1, fmt.Errorf("put %d layers over each other: %w", len(trees), err)
	}
	return openFolder(place)
}

func openFolder(path string) (int, error) {
	folder, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return folder, nil
}
