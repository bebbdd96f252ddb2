package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/monitor"
)

// attached is a monitor that this process has started, and the socket to it. It goes on when the socket is closed.
type attached struct {
	socket *os.File
	pid    int
}

// errMonitorLost means that the monitor was killed, or ended in a way it never should.
var errMonitorLost = errors.New("the monitor has ended without a report")

// order sends the order and what belongs to it.
func (a *attached) order(o monitor.Order, descriptors ...int) error {
	conn, err := a.socket.SyscallConn()
	if err != nil {
		return err
	}
	rights := unix.UnixRights(descriptors...)
	var sent error
	err = conn.Write(func(socket uintptr) bool {
		sent = unix.Sendmsg(int(socket), o.Encode(), rights, nil, unix.MSG_NOSIGNAL)
		return sent != unix.EAGAIN
	})
	if err := errors.Join(err, sent); err != nil {
		return fmt.Errorf("%w: %w", errMonitorLost, err)
	}
	return nil
}

// report waits for the next report until the deadline, which is none if zero, or until ctx ends.
func (a *attached) report(ctx context.Context, deadline time.Time) (monitor.Report, error) {
	if err := a.socket.SetReadDeadline(deadline); err != nil {
		return monitor.Report{}, fmt.Errorf("wait for the monitor: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = a.socket.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	message := make([]byte, monitor.LargestReport)
	n, err := a.socket.Read(message)
	if ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		err = ctx.Err()
	}
	if err == io.EOF || errors.Is(err, unix.ECONNRESET) {
		err = errMonitorLost
	}
	if err != nil {
		return monitor.Report{}, err
	}
	r, ok := monitor.DecodeReport(message[:n])
	if !ok {
		return monitor.Report{}, fmt.Errorf("%w: it said %q", errMonitorLost, message[:n])
	}
	return r, nil
}

// end waits until the monitor has written everything down: it closes its socket then. It reaps it in the background.
func (a *attached) end() {
	_ = a.socket.SetReadDeadline(time.Time{})
	rest := make([]byte, monitor.LargestReport)
	for {
		if n, err := a.socket.Read(rest); err != nil || n == 0 {
			break
		}
	}
	a.dismiss()
}

// outlive lets the monitor go on alone, for as long as its container runs, and reaps it if this process is still there.
func (a *attached) outlive() { go a.end() }

// dismiss closes the socket, which ends a monitor that has no order, and reaps it.
func (a *attached) dismiss() {
	a.socket.Close()
	go func() {
		for {
			if _, err := unix.Wait4(a.pid, nil, 0, nil); err != unix.EINTR {
				return
			}
		}
	}()
}
