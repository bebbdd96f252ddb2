package server

import (
	"fmt"
	"net/http"
	"time"

	"pulumi-slipway/agent/timing"
)

// stamped writes the header Server-Timing with the time between the request's arrival and the answer, in
// milliseconds, so that measuring needs no clock shared with the host. What a resource marked on the way (package
// timing) comes before it.
type stamped struct {
	http.ResponseWriter
	marks *timing.Marks
	wrote bool
}

// WriteHeader adds the time before the status is sent.
func (s *stamped) WriteHeader(status int) {
	if !s.wrote {
		s.wrote = true
		for _, moment := range append(s.marks.Moments(), timing.Moment{Name: "total", After: s.marks.SinceBegin()}) {
			milliseconds := float64(moment.After) / float64(time.Millisecond)
			s.Header().Add("Server-Timing", fmt.Sprintf("%s;dur=%.3f", moment.Name, milliseconds))
		}
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the flushing of the writer below.
func (s *stamped) Unwrap() http.ResponseWriter { return s.ResponseWriter }
