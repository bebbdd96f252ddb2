package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// problemOf turns any error into the problem the client gets. Where a problem was wrapped, the wrapping stays in
// the detail.
func problemOf(err error) *api.Problem {
	var problem api.Problem
	if known := (*api.Problem)(nil); errors.As(err, &known) {
		problem = *known
		problem.Detail = strings.Replace(err.Error(), known.Error(), known.Detail, 1)
	} else {
		problem = api.Problem{Code: codeOf(err), Detail: err.Error()}
	}
	describe(&problem, err)
	kind, listed := kinds[problem.Code]
	if !listed {
		problem.Detail = "unlisted code " + string(problem.Code) + ": " + problem.Detail
		problem.Code, kind = api.CodeInternal, kinds[api.CodeInternal]
	}
	problem.Title, problem.Status = kind.title, kind.status
	return &problem
}

// codeOf finds the code of an error that no resource has classified.
func codeOf(err error) api.Code {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return api.CodeNoSpace
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return api.CodeInvalid
	}
	return api.CodeInternal
}

// describe fills what the problem does not say itself from the errors of the os package below it.
func describe(problem *api.Problem, err error) {
	var path *os.PathError
	var link *os.LinkError
	var call *os.SyscallError
	step, object := "", ""
	switch {
	case errors.As(err, &path):
		step, object = path.Op, path.Path
	case errors.As(err, &link):
		step, object = link.Op, link.New
	case errors.As(err, &call):
		step = call.Syscall
	}
	if problem.Step == "" && problem.Object == "" {
		problem.Step, problem.Object = step, object
	}
	if errno := syscall.Errno(0); problem.Errno == 0 && errors.As(err, &errno) {
		problem.Errno = int(errno)
	}
	if problem.Errno != 0 && problem.ErrnoName == "" {
		problem.ErrnoName = unix.ErrnoName(syscall.Errno(problem.Errno))
	}
}

// answerProblem writes an error as problem details.
func answerProblem(w http.ResponseWriter, err error) {
	problem := problemOf(err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(problem.Status)
	// A failed write means that the client is gone; there is nobody to tell.
	_ = json.NewEncoder(w).Encode(problem)
}
