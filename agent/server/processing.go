package server

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"pulumi-slipway/agent/progress"
)

// progressHeader is what an interim answer says: bytes that came, and all there are.
const progressHeader = "Slipway-Progress"

// processing has a request's work tell how far it has got, after every interval in which that changed: by interim answers
// of status 102 (RFC 2518, section 10.1), which need no stream of their own. The work has to be over before done is
// called, and done before anything else is written.
func processing(ctx context.Context, w http.ResponseWriter, every time.Duration) (_ context.Context, done func()) {
	ctx, meter := progress.With(ctx)
	over := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		clock := time.NewTicker(every)
		defer clock.Stop()
		for said := ""; ; {
			select {
			case <-over:
				return
			case <-clock.C:
			}
			come, total := meter.Read()
			if now := fmt.Sprintf("%d/%d", come, total); total > 0 && now != said {
				said = now
				w.Header().Set(progressHeader, now)
				w.WriteHeader(http.StatusProcessing)
				w.Header().Del(progressHeader)
			}
		}
	})
	return ctx, sync.OnceFunc(func() {
		close(over)
		group.Wait()
	})
}
