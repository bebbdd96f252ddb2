package monitor

import (
	"syscall"
	"unsafe"
)

const (
	infinity   = ^uint64(0)
	rlimitRSS  = 5
	rlimitProc = 6
	// What the packages allowed here do not name, from RLIMIT_MEMLOCK on.
	rlimitLocked   = 8
	rlimitLocks    = 10
	rlimitQueues   = 12
	rlimitNice     = 13
	rlimitRealTime = 14
	rlimitRunTime  = 15
)

// limits are those of a service of systemd, and with it of Docker's containers, whatever a login has: what a container may
// use is the matter of its control groups. Pending signals stay as the kernel reckoned them from the host's memory.
var limits = [...]struct {
	resource uintptr
	limit    syscall.Rlimit
}{
	{syscall.RLIMIT_CPU, syscall.Rlimit{Cur: infinity, Max: infinity}},
	{syscall.RLIMIT_FSIZE, syscall.Rlimit{Cur: infinity, Max: infinity}},
	{syscall.RLIMIT_DATA, syscall.Rlimit{Cur: infinity, Max: infinity}},
	{syscall.RLIMIT_STACK, syscall.Rlimit{Cur: 8 << 20, Max: infinity}},
	{syscall.RLIMIT_CORE, syscall.Rlimit{Cur: 0, Max: infinity}},
	{rlimitRSS, syscall.Rlimit{Cur: infinity, Max: infinity}},
	{rlimitProc, syscall.Rlimit{Cur: infinity, Max: infinity}},
	{syscall.RLIMIT_NOFILE, syscall.Rlimit{Cur: 1024, Max: 524288}},
	{rlimitLocked, syscall.Rlimit{Cur: 8 << 20, Max: 8 << 20}},
	{syscall.RLIMIT_AS, syscall.Rlimit{Cur: infinity, Max: infinity}},
	{rlimitLocks, syscall.Rlimit{Cur: infinity, Max: infinity}},
	{rlimitQueues, syscall.Rlimit{Cur: 819200, Max: 819200}},
	{rlimitNice, syscall.Rlimit{}},
	{rlimitRealTime, syscall.Rlimit{}},
	{rlimitRunTime, syscall.Rlimit{Cur: infinity, Max: infinity}},
}

// resetLimits sets them all. A root without CAP_SYS_RESOURCE cannot raise a hard limit; there the soft one comes as near
// as it can.
func resetLimits() {
	for i := range limits {
		l := limits[i].limit
		if setLimit(limits[i].resource, &l, nil) == 0 {
			continue
		}
		var now syscall.Rlimit
		if setLimit(limits[i].resource, nil, &now) == 0 {
			l = syscall.Rlimit{Cur: min(l.Cur, now.Max), Max: min(l.Max, now.Max)}
			setLimit(limits[i].resource, &l, nil)
		}
	}
}

func setLimit(resource uintptr, limit, before *syscall.Rlimit) syscall.Errno {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, 0, resource,
		uintptr(unsafe.Pointer(limit)), uintptr(unsafe.Pointer(before)), 0, 0)
	return errno
}
