package image

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// A layer that puts /var/www somewhere has a folder /var too, about which its archive says nothing. overlayfs takes
// owner and mode of a merged folder from the highest layer that has it, so /tmp would lose its sticky bit to a layer
// that merely puts a file below it. Where that would be seen, the image gets one more tree on top of its layers, of
// folders only, with what the layers below say of them.

// foldersName is that tree in the folder of an image.
const foldersName = "fs"

// folders finds the folders that need to be in that tree, by path, with those above them. A folder that is merely
// implied may not hide a symbolic link of a layer below: with /bin linked to usr/bin, a file put at /bin/tool would
// make everything else in /bin disappear.
func (st stack) folders() (map[string]*attributes, error) {
	implied := map[string]bool{}
	for _, level := range st {
		maps.Copy(implied, level.implied)
	}
	delete(implied, ".") // the container's own writable layer says what "/" is
	needed := map[string]*attributes{}
	var failures []error
	for _, path := range slices.Sorted(maps.Keys(implied)) {
		merged, below, err := st.merge(path)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		if !below || !merged.matter() {
			continue
		}
		for at := path; at != "."; at = filepath.Dir(at) {
			if needed[at], _, err = st.merge(at); err != nil {
				return nil, err
			}
		}
	}
	return needed, errors.Join(failures...)
}

// merge answers what the layers say of a folder: the highest one that has more to say than that it must be there.
// below tells that overlayfs would take it from a higher one.
func (st stack) merge(path string) (merged *attributes, below bool, err error) {
	for _, level := range slices.Backward(st) {
		seen, err := level.look(path)
		if err != nil {
			return nil, false, err
		}
		switch {
		case seen.link != "" && below:
			return nil, false, hidesLink(path, seen.link)
		case seen.folder != nil && !level.implied[path]:
			return seen.folder, below, nil
		case seen.folder != nil:
			below = true
		}
		if seen.hides {
			break
		}
	}
	return &impliedAttributes, false, nil
}

func hidesLink(path, link string) error {
	resolved := link
	if !strings.HasPrefix(link, "/") {
		resolved = filepath.Join("/", filepath.Dir(path), link)
	}
	return &api.Problem{
		Code: api.CodeLayersConflict, Step: "put the layers together", Object: "/" + path,
		Detail: fmt.Sprintf("a layer has files below /%s, which is a link to %s in a layer below it: the files would hide the link and "+
			"everything it leads to; put them below %s: a Layer with `target: %q`, an image from a registry by building it anew",
			path, link, resolved, resolved),
	}
}

// makeFolders makes the tree.
func makeFolders(root string, needed map[string]*attributes) error {
	if err := os.Mkdir(root, 0o755); err != nil {
		return fmt.Errorf("make the image's folders: %w", err)
	}
	paths := slices.Sorted(maps.Keys(needed)) // a folder comes before what is in it
	for _, path := range paths {
		if err := needed[path].make(filepath.Join(root, path)); err != nil {
			return fmt.Errorf("make the image's folders: %w", err)
		}
	}
	for _, path := range slices.Backward(paths) {
		modified := needed[path].modified
		if err := unix.UtimesNanoAt(unix.AT_FDCWD, filepath.Join(root, path), []unix.Timespec{modified, modified}, 0); err != nil {
			return fmt.Errorf("make the image's folders: %w", os.NewSyscallError("utimensat", err))
		}
	}
	return nil
}
