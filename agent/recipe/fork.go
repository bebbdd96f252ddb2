package recipe

import (
	"syscall"
	"unsafe"
)

// The runtime's own preparation for a fork, which package syscall uses for os/exec. gVisor links to the same three, so
// the runtime keeps them reachable (go.dev/issue/67401). They block signals, spoil the stack's guard so that a stack
// that would grow in the child is noticed, and in the child put signal handlers back.
//
//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

//go:linkname afterForkInChild syscall.runtime_AfterForkInChild
func afterForkInChild()

// cloneArguments is struct clone_args of clone3(2).
type cloneArguments struct {
	flags, pidfd, childTid, parentTid, exitSignal, stack, stackSize, tls, setTid, setTidSize, cgroup uint64
}

const sysClone3 = 435 // the same on every architecture, as all system calls since 424

// fork clones a child that carries out count steps of a list and never returns from this function: the last step
// executes a program, or else the child writes a Failure to FailureDescriptor and ends with status 1.
//
// The child has one thread and a copy of a Go process whose other threads are gone, at any instruction of theirs. So
// it may run nothing of Go but straight code on the stack it has; run is written for that.
//
//go:noinline
//go:norace
//go:nocheckptr
func fork(arguments *cloneArguments, list unsafe.Pointer, count uintptr, values *Registers) (uintptr, syscall.Errno) {
	var failed [2]uint32
	beforeFork()
	pid, _, errno := syscall.RawSyscall(sysClone3, uintptr(unsafe.Pointer(arguments)), unsafe.Sizeof(*arguments), 0)
	if errno != 0 || pid != 0 {
		afterFork()
		return pid, errno
	}
	afterForkInChild()
	index, errno := run(list, count, values)
	failed[0], failed[1] = uint32(index), uint32(errno)
	syscall.RawSyscall(syscall.SYS_WRITE, FailureDescriptor, uintptr(unsafe.Pointer(&failed)), unsafe.Sizeof(failed))
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 1, 0, 0)
	}
}
