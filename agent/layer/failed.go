package layer

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
)

// errInvalid marks what the archive itself is to blame for.
var errInvalid = errors.New("the archive is invalid")

// failed makes a problem of a step that failed on an entry of the archive; nil stays nil. Errors that carry no errno
// come from reading the archive, and some errnos can come only of what the archive asks for.
func failed(step, entry string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s %s: %w", step, entry, err)
	}
	errno := unix.Errno(0)
	hasErrno := errors.As(err, &errno)
	code, wayOut := api.CodeInternal, ""
	switch {
	case errors.Is(err, errInvalid):
		code = api.CodeArchiveInvalid // and the error says what to do
	case !hasErrno:
		code, wayOut = api.CodeArchiveInvalid, "see whether `tar -tvf` can read the archive to its end"
	case errno == unix.ENOTDIR, errno == unix.EEXIST, errno == unix.ELOOP:
		code, wayOut = api.CodeArchiveInvalid, "an earlier entry of the archive is a file, or a link to nothing, where this one needs a folder"
	case errno == unix.ENAMETOOLONG, errno == unix.EFBIG, errno == unix.EINVAL, errno == unix.E2BIG, errno == unix.ERANGE:
		code, wayOut = api.CodeArchiveInvalid, "the entry is more than the host's file system can hold"
	case errno == unix.EOPNOTSUPP:
		code, wayOut = api.CodeUnsupported, "the file system of /var/lib/slipway cannot hold it; use one such as ext4, xfs or btrfs"
	case errno == unix.EPERM, errno == unix.EACCES:
		code, wayOut = api.CodeUnsupported, "root may not do this here, for example in a restricted container"
	}
	return api.Failed(code, step, fmt.Sprintf("%q", entry), err, wayOut)
}
