package container

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// onOwnThread runs a function on a thread that ends with it, so that what the function does to its thread (entering
// control groups, leaving a namespace) happens to nothing else.
func onOwnThread(run func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			run()
			return
		}
		// The first thread of a process never ends before it. As long as it is held here, the next goroutine gets another.
		begun := make(chan struct{})
		onOwnThread(func() {
			close(begun)
			run()
		})
		<-begun
		runtime.UnlockOSThread()
	}()
}
