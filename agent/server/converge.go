package server

import (
	"context"
	"time"
)

// converging makes a context for work that is to be finished although its client went away: it ends only `after`
// the request's does. A resource that is half made is worse than one nobody waits for.
func converging(request context.Context, after time.Duration) (context.Context, context.CancelFunc) {
	work, cancel := context.WithCancel(context.WithoutCancel(request))
	stop := context.AfterFunc(request, func() {
		select {
		case <-work.Done():
		case <-time.After(after):
			cancel()
		}
	})
	return work, func() {
		stop()
		cancel()
	}
}
