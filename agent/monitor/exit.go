package monitor

import (
	"syscall"
)

// reap waits for the first process, which has ended or is about to, and answers its exit code.
func (c *container) reap() int {
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(c.pid, &status, 0, nil)
		if err != syscall.EINTR {
			break
		}
	}
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

// writeState notes the first process. The file keeps its inode, because the lock is on that.
func (c *container) writeState() *failure {
	text := decimal([]byte(`{"pid":`), int64(c.pid))
	text = append(append(append(text, `,"startedAt":"`...), c.startedAt[:]...), `","pipes":[`...)
	text = append(decimal(text, int64(c.pipes.numbers[0])), ',')
	text = append(decimal(text, int64(c.pipes.numbers[1])), "]}\n"...)
	if _, err := syscall.Pwrite(c.state, text, 0); err != nil {
		return own("write", "the state", err)
	}
	return nil
}

// writeExit writes the exit status so that it is there whole or not at all. An agent that listens makes it durable
// together with its own record; where there is none, the monitor does it.
func (c *container) writeExit(code int, durable bool) {
	endedAt := now()
	text := decimal([]byte(`{"code":`), int64(code))
	text = append(append(text, `,"startedAt":"`...), c.startedAt[:]...)
	text = append(append(append(text, `","endedAt":"`...), endedAt[:]...), "\"}\n"...)
	const unfinished = ExitName + ".new"
	file, err := syscall.Openat(c.folder, unfinished, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_TRUNC|closeOnExec, permissionsOfNewFiles)
	if err != nil {
		return
	}
	_, err = syscall.Write(file, text)
	if durable && err == nil {
		err = syscall.Fsync(file)
	}
	if err == nil {
		err = syscall.Renameat(c.folder, unfinished, c.folder, ExitName)
	}
	if durable && err == nil {
		syscall.Fsync(c.folder)
	}
	syscall.Close(file)
}

// pause sleeps for some milliseconds.
func pause(milliseconds int64) {
	duration := syscall.NsecToTimespec(milliseconds * 1e6)
	syscall.Nanosleep(&duration, nil)
}
