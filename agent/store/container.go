package store

import "path/filepath"

// ContainerID names a container's folder.
type ContainerID struct{ Slot, Incarnation string }

// FindContainer finds the folder of a container by incarnation; fs.ErrNotExist where there is none.
func (s *Store) FindContainer(incarnation string) (ContainerID, error) {
	slot, err := s.find(Containers, incarnation)
	return ContainerID{slot, incarnation}, err
}

// ListContainers lists the folders of all containers.
func (s *Store) ListContainers() ([]ContainerID, error) {
	slots, err := names(s.slotsDir(Containers))
	if err != nil {
		return nil, err
	}
	var all []ContainerID
	for _, slot := range slots {
		incarnations, err := names(filepath.Join(s.slotsDir(Containers), slot))
		if err != nil {
			return nil, err
		}
		for _, incarnation := range incarnations {
			all = append(all, ContainerID{slot, incarnation})
		}
	}
	return all, nil
}
