package store

import "path/filepath"

// ContainerRunDir is the folder of a container's run state, made and removed by package container.
func (s *Store) ContainerRunDir(incarnation string) string {
	return filepath.Join(s.run, "containers", incarnation)
}

// RunDirs lists the incarnations that have a folder of run state.
func (s *Store) RunDirs() ([]string, error) { return names(filepath.Join(s.run, "containers")) }
