package cgroup

import (
	"io/fs"
	"path/filepath"
)

// heirs are the groups in one of version 1 for which something is as it is there, from the top. Version 1 copies processors
// and rules of devices to a group when it is made, and leaves it to us to follow what becomes of them above.
func heirs(p place, same func(place) bool) []place {
	var found []place
	_ = filepath.WalkDir(p.folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // One that has just gone needs nothing.
		}
		if !entry.IsDir() || path == p.folder {
			return nil
		}
		below := place{path, p.version}
		if !same(below) {
			return fs.SkipDir
		}
		found = append(found, below)
		return nil
	})
	return found
}
