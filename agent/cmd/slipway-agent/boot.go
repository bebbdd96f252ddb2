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
	s, err := openStore()
	if err != nil {
		return err
	}
	defer s.Close()
	sweep(context.Background(), s, faults)
	return nil
}
