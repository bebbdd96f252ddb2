package layer

import (
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// The OCI image specification's marks for what a layer takes away, in file names; see its layer.md, "Whiteouts".
const (
	whiteoutPrefix = ".wh."
	opaqueName     = ".wh..wh..opq"
	// aufsPrefix starts the names of what the aufs file system once kept for itself in layers.
	aufsPrefix = ".wh..wh."
)

// opaqueAttribute on a folder makes overlayfs ignore that folder in the layers below.
const opaqueAttribute = "trusted.overlay.opaque"

// whiteout tells whether a path is a mark, and what name beside it the mark hides: "" for everything in its folder.
func whiteout(path string) (hides string, is bool) {
	name := filepath.Base(path)
	if !strings.HasPrefix(name, whiteoutPrefix) {
		return "", false
	}
	if strings.HasPrefix(name, aufsPrefix) {
		return "", true
	}
	return strings.TrimPrefix(name, whiteoutPrefix), true
}

// hide makes a mark into what overlayfs understands: a character device 0:0 in the place of a name, or an attribute of
// a folder. A mark counts for the layers below only, so what this layer itself has in the place stays.
func (t *tree) hide(path, name string) error {
	folder := filepath.Dir(path)
	switch name {
	case "":
		if filepath.Base(path) != opaqueName {
			return nil
		}
		return t.makeOpaque(folder)
	case ".", "..":
		return &api.Problem{Code: api.CodeArchiveEscapes, Step: "unpack", Object: path,
			Detail: fmt.Sprintf("the archive's entry %q would hide %q, which is no name in its own folder", path, name)}
	}
	p, err := t.place(filepath.Join(folder, name))
	if err != nil {
		return failed("open the folder of", path, err)
	}
	is, _, err := p.kind()
	switch {
	case err != nil:
		return failed("stat", path, err)
	case is == 0:
		return failed("mknod", path, unix.Mknodat(p.folder, p.name, unix.S_IFCHR, 0))
	case is == unix.S_IFDIR:
		return t.makeOpaque(p.path)
	default:
		return nil
	}
}

func (t *tree) makeOpaque(path string) error {
	folder, err := t.folder(path)
	if err == nil {
		err = unix.Setxattr(fmt.Sprintf("/proc/self/fd/%d", folder), opaqueAttribute, []byte("y"), 0)
	}
	return failed("setxattr "+opaqueAttribute, path, err)
}
