package main

import (
	"context"
	"sync"

	"pulumi-slipway/agent/host"
)

// unit remembers whether this process has seen to the systemd unit, because asking systemctl takes longer than starting
// a container.
type unit struct {
	mutex sync.Mutex
	ready bool
}

func (u *unit) ensure(ctx context.Context) error {
	if !host.SystemdBooted() {
		return nil
	}
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if u.ready {
		return nil
	}
	err := host.EnsureUnit(ctx)
	u.ready = err == nil
	return err
}

// afterUnit makes a request wait for the unit, in whose control group containers live.
func afterUnit[Request, Answer any](
	u *unit,
	put func(context.Context, string, Request) (Answer, error),
) func(context.Context, string, Request) (Answer, error) {
	return func(ctx context.Context, incarnation string, request Request) (Answer, error) {
		if err := u.ensure(ctx); err != nil {
			var none Answer
			return none, err
		}
		return put(ctx, incarnation, request)
	}
}
