package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Pins are the fields of a record that keep an image and layers on the host: of an image's record and of a container's.
type Pins struct {
	ImageID string   `json:"imageId"`
	Layers  []string `json:"layers"`
}

// references are the digests of a kind of content that a claim or a record refers to. It fails where one of them
// cannot be read, so that nothing is removed on a guess.
func (s *Store) references(kind Kind) (map[string]bool, error) {
	refer := map[string]bool{}
	claims, err := s.Claims(kind)
	if err != nil {
		return nil, err
	}
	for _, claim := range claims {
		refer[claim.Content] = true
	}
	records, err := s.pinning(kind)
	if err != nil {
		return nil, err
	}
	for _, record := range records {
		pins, err := readPins(record)
		if err != nil {
			return nil, fmt.Errorf("find out which %s are in use: %w", kind, err)
		}
		if kind == Images {
			refer[pins.ImageID] = true
			continue
		}
		for _, layer := range pins.Layers {
			refer[layer] = true
		}
	}
	return refer, nil
}

// pinning lists the records that may refer to content of a kind: containers to both, images to layers.
func (s *Store) pinning(kind Kind) ([]string, error) {
	containers, err := s.ListContainers()
	if err != nil {
		return nil, err
	}
	var records []string
	for _, container := range containers {
		records = append(records, filepath.Join(s.ContainerDir(container.Slot, container.Incarnation), RecordName))
	}
	if kind == Images {
		return records, nil
	}
	images, err := s.digests(Images)
	for _, image := range images {
		records = append(records, filepath.Join(s.ImageDir(image), RecordName))
	}
	return records, err
}

// readPins reads the pins of a record that may have many more fields. No record pins nothing: whoever is about to
// write it holds a lease.
func readPins(path string) (Pins, error) {
	var pins Pins
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return pins, nil
	}
	if err != nil {
		return pins, fmt.Errorf("read what a record refers to: %w", err)
	}
	if err := json.Unmarshal(data, &pins); err != nil {
		return pins, damaged(path, err)
	}
	return pins, nil
}
