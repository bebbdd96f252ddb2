package container

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/store"
)

// Delete stops and removes a container; one that is gone already is fine. What creates that were cut off have left in its
// slot goes with it where nothing else is there, because no client knows of that.
func (c *Containers) Delete(ctx context.Context, incarnation string) error {
	slot, err := c.store.Hold(ctx, store.Containers, incarnation)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer slot.Release()
	if err := c.remove(ctx, c.place(slot.ID, incarnation)); err != nil {
		return err
	}
	others, err := c.others(slot, incarnation)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.committed {
			return nil
		}
	}
	for _, o := range others {
		if err := c.remove(ctx, o.place); err != nil {
			return err
		}
	}
	return nil
}

// remove stops a container and removes all of it, the content of its image too where nobody else refers to that. Its
// files are gone a moment after the answer.
func (c *Containers) remove(ctx context.Context, p place) error {
	// Unreadable pins are found by Sweep.
	known, _ := p.readRecord()
	if err := c.stop(ctx, p); err != nil {
		return err
	}
	lock, err := p.lockState(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := c.store.DiscardLater(p.dir); err != nil {
		return err
	}
	if err := p.removeState(); err != nil {
		return err
	}
	return c.store.Collect(ctx, known.Pins)
}

// lockState takes the lock of the container's monitors, so that none that has the order but not yet begun can start what
// is being removed. The file's removal tells it.
func (p place) lockState(ctx context.Context) (*os.File, error) {
	for {
		file, err := os.OpenFile(p.state, os.O_RDWR|unix.O_CLOEXEC, 0)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("lock the container's state: %w", err)
		}
		err = unix.FcntlFlock(file.Fd(), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_WRLCK})
		if err == nil {
			return file, nil
		}
		file.Close()
		if err != unix.EAGAIN && err != unix.EACCES {
			return nil, fmt.Errorf("lock the container's state: %w", err)
		}
		if err := p.awaitMonitor(ctx, nil); err != nil {
			return nil, err
		}
	}
}

func (p place) removeState() error {
	if err := os.Remove(p.state); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the container's state: %w", err)
	}
	return nil
}
