package main

import (
	"context"
	"log"
)

// boot runs once after a reboot.
func boot(faults *log.Logger) error {
	if err := prepare(); err != nil {
		return err
	}
	s, containers, err := openHost()
	if err != nil {
		return err
	}
	defer s.Close()
	defer containers.Close()
	sweep(context.Background(), s, containers, faults)
	return nil
}
