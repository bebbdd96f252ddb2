package api

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Failed makes a problem of a step that failed on an object. Where the disk was full, the code is no_space whatever
// was given. The sentence names step, object and cause; wayOut, if not "", is appended to it. An error that is a
// problem already, or holds one, is answered as it is.
func Failed(code Code, step, object string, err error, wayOut string) error {
	if known := (*Problem)(nil); errors.As(err, &known) {
		return err
	}
	problem := &Problem{Code: code, Step: step, Object: object, cause: err}
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		problem.Errno, problem.ErrnoName = int(errno), unix.ErrnoName(errno)
		if errno == unix.ENOSPC || errno == unix.EDQUOT {
			problem.Code = CodeNoSpace
			wayOut = "free some space (`df -h` and `df -i` show what is used) and try again"
		}
	}
	problem.Detail = fmt.Sprintf("%s %s: %v", step, object, err)
	if wayOut != "" {
		problem.Detail += "; " + wayOut
	}
	return problem
}
