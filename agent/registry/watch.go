package registry

import (
	"context"
	"fmt"
	"io"
	"time"

	"pulumi-slipway/agent/api"
)

// watched is the body of an answer that may not stay silent for long. Where it ends early or breaks off, the error may
// pass.
type watched struct {
	body    io.ReadCloser
	of      *Repository
	ctx     context.Context
	silence *time.Timer
}

func (r *Repository) watch(ctx context.Context, body io.ReadCloser) *watched {
	// Closing the body ends a read that waits.
	return &watched{body, r, ctx, time.AfterFunc(r.silence, func() { body.Close() })}
}

func (w *watched) stop() { w.silence.Stop() }

// Read reads what comes.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	if err == nil {
		w.silence.Reset(w.of.silence)
		return n, nil
	}
	if err == io.EOF {
		return n, err
	}
	if w.ctx.Err() != nil {
		return n, context.Cause(w.ctx)
	}
	return n, w.of.brokeOff(printable(err.Error()))
}

func (r *Repository) brokeOff(why string) error {
	return passing(&api.Problem{Code: api.CodeRegistryUnreachable, Step: "receive", Object: r.String(),
		Detail: fmt.Sprintf("the registry %s broke off while it sent %s: %s", r.place.Address, r.place.Repository, why)}, 0)
}
