package cgroup

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// The buffer holds any file of a usual group at once. What a container can make long, by using many devices, is read up to
// largestFile.
const (
	firstBuffer = 8 << 10
	largestFile = 1 << 20
)

// read reads a file of the group, nil where there is none. What it answers holds until the next call.
func (r *reading) read(f folder, name string) []byte {
	if !f.there() {
		return nil
	}
	file, err := unix.Openat(f.descriptor, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		err = r.fill(file)
		unix.Close(file)
	}
	if err != nil {
		r.fail(&fs.PathError{Op: "read", Path: filepath.Join(r.group.Folder(Hierarchy{Mount: f.mount}), name), Err: err})
		return nil
	}
	return r.buffer
}

// fill reads a file into the buffer. The kernel makes up such a file as a whole, so a read that leaves room had all of it.
func (r *Reader) fill(file int) error {
	for {
		n, err := unix.Pread(file, r.buffer[:cap(r.buffer)], 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		r.buffer = r.buffer[:n]
		if n < cap(r.buffer) || n >= largestFile {
			return nil
		}
		r.buffer = make([]byte, 0, 4*cap(r.buffer))
	}
}

// count reads a file that holds one number; nil where there is none, or no limit.
func (r *reading) count(f folder, name string) *int64 {
	value, ok := parseCount(bytes.TrimSpace(r.read(f, name)))
	if !ok {
		return nil
	}
	return &value
}

// pairs goes through the lines of a file that end with a number, and tells whether there is such a file. The key is all
// that stands before the number.
func (r *reading) pairs(f folder, name string, found func(key []byte, value int64)) bool {
	text := r.read(f, name)
	there := text != nil
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, newline)
		end := bytes.LastIndexByte(line, ' ')
		if value, ok := parseCount(line[end+1:]); ok && end > 0 {
			found(line[:end], value)
		}
	}
	return there
}

var newline = []byte("\n")

// keep notes a value that not every kernel has.
func keep(into **int64, value int64) { *into = &value }

// parseCount reads a number that is none where it stands for no limit (see unlimited), or is no number at all.
func parseCount(text []byte) (int64, bool) {
	value, err := strconv.ParseInt(string(text), 10, 64)
	return value, err == nil && value >= 0 && value < unlimited
}
