package container

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/cgroup"
	"pulumi-slipway/agent/monitor"
	"pulumi-slipway/agent/recipe"
)

// notExecutable is what execve(2) says of a program that is there: no rights, no program of this machine, a broken one, a
// link to itself, or one that is being written.
var notExecutable = []unix.Errno{
	unix.EACCES, unix.EPERM, unix.ENOEXEC, unix.EINVAL, unix.ELIBBAD, unix.EISDIR, unix.EIO, unix.ELOOP, unix.ENAMETOOLONG, unix.ETXTBSY,
}

// explain makes a problem of a monitor's report that the container could not be started.
func explain(r monitor.Report, made plan) error {
	step, object := r.Step, r.Object
	if r.List != monitor.Own {
		step, object, _ = recipe.Name(made.recipe, r.List, r.Index)
	}
	p := &api.Problem{Code: api.CodeStartFailed, Step: step, Object: object, Errno: int(r.Errno)}
	program, limit := made.record.Arguments[0], made.limit(step, object)
	switch {
	case step == "execve" && (r.Errno == unix.ENOENT || r.Errno == unix.ENOTDIR):
		p.Code, p.Object = api.CodeProgramNotFound, program
		p.Detail = fmt.Sprintf("the program %q does not exist in the container, nor does, if it is a script, its interpreter", program)
		if !strings.Contains(program, "/") {
			p.Detail = fmt.Sprintf("the program %q was not found in the container along PATH", program)
		}
		p.Detail += " (a shell would end with 127)"
		return p
	case step == "execve" && slices.Contains(notExecutable, r.Errno):
		p.Code, p.Object = api.CodeProgramNotExecutable, program
		p.Detail = fmt.Sprintf("the program %q may not be executed in the container: %v", program, r.Errno)
		if r.Errno == unix.ENOEXEC {
			p.Detail += "; it is no program of this architecture, and no script that begins with #!"
		}
		p.Detail += " (a shell would end with 126)"
		return p
	case r.List == recipe.Before && limit != nil:
		p = limit.Refused(r.Errno)
		p.Detail = "start the container: " + p.Detail
		return p
	case r.List == recipe.Before && (strings.HasPrefix(step, "write ") || step == "open" && r.Errno == unix.ENOENT):
		// The group was just made; a file that is not there belongs to a controller that is not switched on.
		p.Code = api.CodeLimitUnsupported
	case r.Errno == unix.ENOSPC || r.Errno == unix.EDQUOT:
		p.Code = api.CodeNoSpace
	case r.Errno == unix.ENOSYS || r.Errno == unix.ENODEV:
		p.Code = api.CodeUnsupported
	}
	p.Detail = fmt.Sprintf("start the container: %s %s: %v%s", step, object, r.Errno, hint(step, object, r.Errno))
	return p
}

// limit is the one that a step was about to set, nil for any other step.
func (made plan) limit(step, object string) *cgroup.Setting {
	for i, s := range made.settings {
		if s.Path == object && step == "write "+s.Value {
			return &made.settings[i]
		}
	}
	return nil
}

// hint says what a refused step usually means.
func hint(step, object string, errno unix.Errno) string {
	switch {
	case step == "move_mount" && (object == "proc" || object == "dev" || object == "sys"):
		return fmt.Sprintf("; `/%s` of the image has to be a folder, not a symbolic link or a file", object)
	case step == "openat2" || step == "move_mount" && strings.HasPrefix(object, "/etc/"):
		return fmt.Sprintf("; `%s` of the image has to be a file, or a symbolic link to one inside the image", object)
	case step == "chdir" && strings.HasPrefix(object, "/"):
		return "; `workingDir` has to be a folder of the container"
	case step == "execve" && errno == unix.E2BIG:
		return "; `command` and `env` are larger than the kernel takes"
	default:
		return ""
	}
}

// ended makes a problem of a container that has ended although it was to run on, or of a job that failed.
func endedProblem(o outcome, wait string, log []string) *api.Problem {
	code := "an unknown exit code"
	if o.code != nil {
		code = fmt.Sprintf("exit code %d", *o.code)
		if name := unix.SignalName(unix.Signal(*o.code - 128)); name != "" {
			code += fmt.Sprintf(" (killed by %s)", name)
		}
	}
	if wait == "exit" {
		return &api.Problem{Code: api.CodeJobFailed, ExitCode: o.code, Log: log, Detail: "the job ended with " + code}
	}
	return &api.Problem{Code: api.CodeExited, ExitCode: o.code, Log: log,
		Detail: fmt.Sprintf("the container ended with %s within %v of its start", code, settling)}
}
