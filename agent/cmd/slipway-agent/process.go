package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/container"
	"pulumi-slipway/agent/host"
	"pulumi-slipway/agent/store"
)

// Where everything of ours on a host is, see package store.
const (
	root = "/var/lib/slipway"
	run  = "/run/slipway"
)

// prepare frees the process from what sshd, sudo and a login shell left on it.
func prepare() error {
	if os.Geteuid() != 0 {
		return errors.New("the agent has to run as root; log in as root, or let the user run `sudo -n`")
	}
	unix.Umask(0o022)
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("leave the login folder: %w", err)
	}
	// Caught, not ignored: an ignored signal would stay ignored in the programs we start. A client that is gone is
	// noticed by the end of the input, and a terminal's signals are meant for the client.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE, syscall.SIGINT, syscall.SIGHUP)
	return nil
}

// takeStdio moves standard input and output away from descriptors 0 and 1, so that nothing we start inherits the
// session, and nothing that prints by mistake writes into it.
func takeStdio() (in, out *os.File, err error) {
	if in, err = move(0, "the session's input"); err != nil {
		return nil, nil, err
	}
	if out, err = move(1, "the session's output"); err != nil {
		return nil, nil, err
	}
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open /dev/null: %w", err)
	}
	defer unix.Close(null)
	if err := errors.Join(unix.Dup3(null, 0, 0), unix.Dup3(2, 1, 0)); err != nil {
		return nil, nil, fmt.Errorf("put standard input and output aside: %w", err)
	}
	return in, out, nil
}

func move(descriptor uintptr, name string) (*os.File, error) {
	// 10 is above what anybody expects to be standard.
	moved, err := unix.FcntlInt(descriptor, unix.F_DUPFD_CLOEXEC, 10)
	if err != nil {
		return nil, fmt.Errorf("take %s: %w", name, err)
	}
	return os.NewFile(uintptr(moved), name), nil
}

// openHost opens what a command works on. Close gives it back.
func openHost() (*store.Store, *container.Containers, error) {
	s, err := store.Open(root, run)
	if err != nil {
		return nil, nil, fmt.Errorf("open the store: %w", err)
	}
	base, err := host.ControlGroup()
	if err != nil {
		s.Close()
		return nil, nil, err
	}
	containers, err := container.Open(s, base)
	if err != nil {
		s.Close()
		return nil, nil, fmt.Errorf("open the containers: %w", err)
	}
	return s, containers, nil
}
