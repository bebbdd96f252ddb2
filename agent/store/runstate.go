package store

import (
	"path/filepath"
	"strings"
)

const stateSuffix = ".json"

// ContainerState is the file of a container's run state, made and removed by package container.
func (s *Store) ContainerState(incarnation string) string {
	return filepath.Join(s.statesDir(), incarnation+stateSuffix)
}

// ContainerStates lists the incarnations that have a file of run state.
func (s *Store) ContainerStates() ([]string, error) {
	found, err := names(s.statesDir())
	for i := range found {
		found[i] = strings.TrimSuffix(found[i], stateSuffix)
	}
	return found, err
}

// HalfMade is the file that stands for a control group in a slot while package cgroup makes it. Like the group it does not
// survive a reboot.
func (s *Store) HalfMade(slot string) string { return filepath.Join(s.halfMadeDir(), slot) }

func (s *Store) halfMadeDir() string { return filepath.Join(s.run, "cgroups") }

func (s *Store) statesDir() string { return filepath.Join(s.run, "containers") }
