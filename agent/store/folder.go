package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// ownFolder makes a folder 0700 and answers its path without symbolic links. It refuses one that another user could
// replace: every folder above has to belong to root and be writable by root alone, or be sticky as /tmp is.
func ownFolder(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find the folder %s: %w", path, err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return "", fmt.Errorf("make the folder: %w", err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", fmt.Errorf("find the folder: %w", err)
	}
	for folder := path; ; folder = filepath.Dir(folder) {
		if err := refuseForeign(folder, folder == path); err != nil {
			return "", err
		}
		if folder == "/" {
			return path, nil
		}
	}
}

func refuseForeign(folder string, ours bool) error {
	var stat unix.Stat_t
	if err := unix.Lstat(folder, &stat); err != nil {
		return &fs.PathError{Op: "lstat", Path: folder, Err: err}
	}
	sticky := !ours && stat.Mode&unix.S_ISVTX != 0
	if stat.Uid == uint32(os.Geteuid()) || stat.Uid == 0 {
		if stat.Mode&0o022 == 0 || sticky {
			return nil
		}
	}
	return &api.Problem{
		Code: api.CodeUnsupported, Step: "check who can write", Object: folder,
		Detail: fmt.Sprintf("the folder %s (owner %d, mode %04o) can be changed by others than root, so nothing in it can be trusted; "+
			"run: chown root %s && chmod go-w %s", folder, stat.Uid, stat.Mode&0o7777, folder, folder),
	}
}

// makeFolder makes one folder 0700 and its parents, and makes a new one durable in its parent.
func makeFolder(path string) error {
	err := os.Mkdir(path, 0o700)
	switch {
	case err == nil:
		return syncFolder(filepath.Dir(path))
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		if err := makeFolder(filepath.Dir(path)); err != nil {
			return err
		}
		return makeFolder(path)
	default:
		return fmt.Errorf("make a folder: %w", err)
	}
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync a folder: %w", err)
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil {
		return fmt.Errorf("sync a folder: %w", err)
	}
	return nil
}

// names lists a folder; one that does not exist is empty.
func names(folder string) ([]string, error) {
	file, err := os.Open(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list a folder: %w", err)
	}
	defer file.Close()
	found, err := file.Readdirnames(-1)
	if errors.Is(err, fs.ErrNotExist) {
		// It was removed since it was opened.
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list a folder: %w", err)
	}
	return found, nil
}
