// Package testroot makes the root file systems that tests run containers on, from Debian's static busybox. Only tests
// import it.
package testroot

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Entry is one entry of an archive. Type is tar's; a regular file where it is 0. Mode is 0644 for a file and 0755 for
// anything else where it is 0.
type Entry struct {
	Name, Link, Data string
	Type             byte
	Mode             int64
}

// Dir is a folder.
func Dir(name string) Entry { return Entry{Name: name, Type: tar.TypeDir} }

// File is a regular file.
func File(name, data string) Entry { return Entry{Name: name, Data: data} }

// Link is a symbolic link.
func Link(name, target string) Entry { return Entry{Name: name, Link: target, Type: tar.TypeSymlink} }

// Script is an executable file.
func Script(name, data string) Entry { return Entry{Name: name, Data: data, Mode: 0o755} }

// Busybox is a root file system with busybox under all of its names.
func Busybox() ([]Entry, error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	names, err := exec.Command(path, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --list: %w", path, err)
	}
	entries := []Entry{Dir("bin"), Dir("dev"), Dir("etc"), Dir("proc"), Dir("sys"), Dir("tmp"), Script("bin/busybox", string(program))}
	for _, name := range strings.Fields(string(names)) {
		if name != "busybox" {
			entries = append(entries, Link("bin/"+name, "busybox"))
		}
	}
	return entries, nil
}

// Archive writes entries as a tar archive.
func Archive(entries []Entry) ([]byte, error) {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for _, e := range entries {
		header := &tar.Header{Name: e.Name, Linkname: e.Link, Typeflag: e.Type, Mode: e.Mode, Size: int64(len(e.Data))}
		if header.Typeflag == 0 {
			header.Typeflag = tar.TypeReg
		}
		if header.Mode == 0 {
			header.Mode = 0o755
			if header.Typeflag == tar.TypeReg {
				header.Mode = 0o644
			}
		}
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := writer.Write([]byte(e.Data)); err != nil {
			return nil, err
		}
	}
	err := writer.Close()
	return archive.Bytes(), err
}

var finding sync.Mutex

// find is where busybox is: unpacked by one of the repository's scripts, or else fetched now as a Debian package. Nothing
// is installed.
func find() (string, error) {
	finding.Lock()
	defer finding.Unlock()
	repository, err := root()
	if err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(repository, ".tools/debian/busybox-static-*/bin/busybox"))
	if err != nil || len(found) > 0 {
		return append(found, "")[0], err
	}
	folder := filepath.Join(repository, ".tools/go-tests")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	// Test programs of several packages run at once.
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return "", err
	}
	path := filepath.Join(folder, "busybox-static/bin/busybox")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	fetch := exec.Command("sh", "-c", "apt-get download -q busybox-static && dpkg-deb -x busybox-static_*.deb busybox-static")
	fetch.Dir = folder
	if output, err := fetch.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetch busybox: %w\n%s", err, output)
	}
	return path, nil
}

// root is the folder above the Go module's.
func root() (string, error) {
	folder, err := os.Getwd()
	for err == nil && folder != "/" {
		if _, missing := os.Stat(filepath.Join(folder, "go.mod")); missing == nil {
			return filepath.Dir(folder), nil
		}
		folder = filepath.Dir(folder)
	}
	return "", fmt.Errorf("find the repository above the working folder: %w", err)
}
