package monitor

import (
	"syscall"

	"pulumi-slipway/agent/recipe"
)

// pipes are the descriptors that stand ready for a start.
type pipes struct {
	// failures is where a child's failure is read; its other end is recipe.FailureDescriptor.
	failures int
	// null is the child's standard input.
	null int
	// output and ends are both sides of the child's standard output and standard error.
	output, ends [2]int
	// numbers are the pipes' inodes, by which they are found again in the container's processes.
	numbers [2]uint64
}

// prepare opens what every start needs, so that an order finds it done. It is called when only descriptors 0 to 2 are
// open.
func prepare() (p pipes, f *failure) {
	var failures [2]int
	if err := syscall.Pipe2(failures[:], closeOnExec); err != nil {
		return p, own("pipe", "failures", err)
	}
	moved, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(failures[0]), duplicateCloseOnExec, lowestFreeDescriptor)
	if errno != 0 {
		return p, own("fcntl", "failures", errno)
	}
	p.failures = int(moved)
	syscall.Close(failures[0])
	// The pipe took the two lowest free descriptors, of which the first is free again.
	if err := syscall.Dup3(failures[1], recipe.FailureDescriptor, closeOnExec); err != nil {
		return p, own("dup3", "failures", err)
	}
	syscall.Close(failures[1])
	var err error
	if p.null, err = syscall.Open("/dev/null", syscall.O_RDONLY|closeOnExec, 0); err != nil {
		return p, own("open", "/dev/null", err)
	}
	for i := range p.output {
		if p.output[i], p.ends[i], f = outputPipe(); f != nil {
			return p, f
		}
		var stat syscall.Stat_t
		if err := syscall.Fstat(p.output[i], &stat); err != nil {
			return p, own("fstat", "output", err)
		}
		p.numbers[i] = stat.Ino
	}
	return p, nil
}

// outputPipe makes a pipe whose writing end is open for reading as well: so the container itself is a reader, and
// goes on writing when its monitor was killed, until the pipe is full.
func outputPipe() (output, end int, f *failure) {
	var pipe [2]int
	if err := syscall.Pipe2(pipe[:], closeOnExec); err != nil {
		return 0, 0, own("pipe", "output", err)
	}
	if err := syscall.SetNonblock(pipe[0], true); err != nil {
		return 0, 0, own("fcntl", "output", err)
	}
	path := string(decimal([]byte("/proc/self/fd/"), int64(pipe[1])))
	end, err := syscall.Open(path, syscall.O_RDWR|closeOnExec, 0)
	if err != nil {
		return 0, 0, own("open", path, err)
	}
	syscall.Close(pipe[1])
	return pipe[0], end, nil
}

// closeChildEnds closes what only the child is to hold. The end of every writing end is the end of the output.
func (p *pipes) closeChildEnds() {
	syscall.Close(recipe.FailureDescriptor)
	syscall.Close(p.null)
	syscall.Close(p.ends[0])
	syscall.Close(p.ends[1])
}
