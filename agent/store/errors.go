package store

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"

	"pulumi-slipway/agent/api"
)

// ErrDamaged means that a record is there but cannot be read.
var ErrDamaged = errors.New("the record is damaged")

var (
	nonceForm  = regexp.MustCompile(`^[0-9a-f]{8,64}$`)
	digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// checkName keeps anything but slots and incarnations out of paths.
func checkName(name string) error {
	if !nonceForm.MatchString(name) {
		return &api.Problem{Code: api.CodeInvalid, Step: "name a folder", Object: name,
			Detail: fmt.Sprintf("%q is no slot or incarnation: these are lower-case hexadecimal digits", name)}
	}
	return nil
}

// Gone is the problem for an incarnation that is not there, or err where that is not what it means. One whose record
// cannot be read is as good as gone: what takes its slot over removes it.
func Gone(kind Kind, incarnation string, err error) error {
	problem := &api.Problem{Code: api.CodeGone, Object: incarnation}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		problem.Detail = fmt.Sprintf("there is no %s %s on this host", kind.one(), incarnation)
	case errors.Is(err, ErrDamaged):
		problem.Detail = fmt.Sprintf("what this host has of the %s %s cannot be read (%v)", kind.one(), incarnation, err)
	default:
		return err
	}
	return problem
}
