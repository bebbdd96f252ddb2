package monitor

import (
	"syscall"
	"unsafe"
)

// What the packages allowed here do not name.
const (
	sysCloseRange          = 436
	keyctlJoinSession      = 1
	prioProcess            = 0
	schedOther             = 0
	ioprioWhoProcess       = 1
	signals                = 64
	handlerDefault         = 0
	handlerIgnore          = 1
	sizeOfSignalSet        = 8
	permissionsOfNewFiles  = 0o600
	atFdcwd                = -100
	closeOnExec            = syscall.O_CLOEXEC
	lowestFreeDescriptor   = 10
	duplicateCloseOnExec   = 1030 // F_DUPFD_CLOEXEC
	everyLaterDescriptor   = ^uintptr(0)
	firstForeignDescriptor = 3
)

// clean frees the process, and so the container, from what sshd, sudo and a login shell left on the agent. Session
// and working directory are new already. What cannot be changed stays: a root without CAP_SYS_RESOURCE may not lower
// its oom_score_adj, and that is no reason to start nothing.
func clean() {
	syscall.RawSyscall(sysCloseRange, firstForeignDescriptor, everyLaterDescriptor, 0)
	syscall.Umask(0o022)
	defaultIgnoredSignals()
	resetLimits()
	var noPriority int32
	syscall.RawSyscall(syscall.SYS_SCHED_SETSCHEDULER, 0, schedOther, uintptr(unsafe.Pointer(&noPriority)))
	syscall.Setpriority(prioProcess, 0, 0)
	syscall.RawSyscall(syscall.SYS_IOPRIO_SET, ioprioWhoProcess, 0, 0)
	syscall.RawSyscall(syscall.SYS_KEYCTL, keyctlJoinSession, 0, 0)
	if fd, err := syscall.Open("/proc/self/oom_score_adj", syscall.O_WRONLY|closeOnExec, 0); err == nil {
		syscall.Write(fd, []byte("0"))
		syscall.Close(fd)
	}
}

// signalAction is struct sigaction of the kernel, with room for what an architecture puts behind the handler.
type signalAction struct {
	handler uintptr
	rest    [7]uintptr
}

// defaultIgnoredSignals undoes what nohup and the like leave: an ignored signal stays ignored through execve.
func defaultIgnoredSignals() {
	for signal := uintptr(1); signal <= signals; signal++ {
		var action signalAction
		_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, signal, 0, uintptr(unsafe.Pointer(&action)), sizeOfSignalSet, 0, 0)
		if errno == 0 && action.handler == handlerIgnore {
			action = signalAction{handler: handlerDefault}
			syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, signal, uintptr(unsafe.Pointer(&action)), 0, sizeOfSignalSet, 0, 0)
		}
	}
}
