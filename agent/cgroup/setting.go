package cgroup

import (
	"errors"
	"io/fs"
	"os"
)

// Setting is one value to be written into a file of a group, or a program to be attached to the group itself.
type Setting struct {
	Path, Value string
	// Optional settings are left out where the kernel does not have the file.
	Optional bool
	// ready, where it is set, makes the kernel ready for the value; it refuses one that would harm what runs.
	ready func() error
	// of is the knob it belongs to, nil where it is what version 1 does not give a group by itself.
	of knob
	// Program takes the place of Value for a filter of devices in version 2.
	Program []instruction
}

// of are settings that belong to a knob.
func of(k knob, settings []Setting) []Setting {
	for i := range settings {
		settings[i].of = k
	}
	return settings
}

func (s Setting) write() error {
	if s.Program != nil {
		return attachProgram(s.Path, s.Program)
	}
	if s.ready != nil {
		if err := s.ready(); err != nil {
			return err
		}
	}
	err := write(s.Path, s.Value)
	if s.Optional && errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// write writes a file of a control group. It never asks to make it: the kernel would say "permission denied" where it
// means that there is no such file.
func write(path, value string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(value)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}
