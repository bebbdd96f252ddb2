package container

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"pulumi-slipway/agent/cgroup"
)

// monitorProgram is the name of the monitor's file, beside the agent's.
const monitorProgram = "slipway-monitor"

// monitors starts them. One that is idle stands ready for the next container, because starting a Go program, even the
// smallest, takes half as long as starting a container.
type monitors struct {
	tree *cgroup.Tree
	// folder is a read-only mount of the monitor's folder, mounted nowhere.
	folder *os.File
	starts chan chan<- started
	// done is closed when nothing may be started any more.
	done chan struct{}

	mutex  sync.Mutex
	ready  []*attached
	closed bool
	// filling are the monitors that are on their way to stand ready.
	filling sync.WaitGroup
}

type started struct {
	monitor *attached
	err     error
}

// openMonitors prepares to start monitors from a folder. The file is executed from a read-only mount of its own, so
// that a container, whose first process is for a moment a fork of its monitor, cannot write to it through
// /proc/self/exe (CVE-2019-5736).
func openMonitors(tree *cgroup.Tree, folder string) (*monitors, error) {
	mount, err := unix.OpenTree(unix.AT_FDCWD, folder, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return nil, &fs.PathError{Op: "open_tree", Path: folder, Err: err}
	}
	m := &monitors{tree: tree, folder: os.NewFile(uintptr(mount), folder), starts: make(chan chan<- started), done: make(chan struct{})}
	err = unix.MountSetattr(mount, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
	if err != nil {
		m.folder.Close()
		return nil, &fs.PathError{Op: "mount_setattr", Path: folder, Err: err}
	}
	if _, err := os.Stat(filepath.Join(folder, monitorProgram)); err != nil {
		m.folder.Close()
		return nil, fmt.Errorf("find the monitor beside the agent: %w", err)
	}
	onOwnThread(m.serve)
	return m, nil
}

// take answers the monitor that stands ready, or starts one.
func (m *monitors) take() (*attached, error) {
	m.mutex.Lock()
	if last := len(m.ready) - 1; last >= 0 {
		monitor := m.ready[last]
		m.ready = m.ready[:last]
		m.mutex.Unlock()
		return monitor, nil
	}
	m.mutex.Unlock()
	return m.start()
}

// refill starts a monitor in the background, to stand ready, unless one does. A failure shows at the next start.
func (m *monitors) refill() {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.closed || len(m.ready) > 0 {
		return
	}
	m.filling.Go(func() {
		monitor, err := m.start()
		if err != nil {
			return
		}
		m.mutex.Lock()
		defer m.mutex.Unlock()
		if m.closed || len(m.ready) > 0 {
			monitor.dismiss()
			return
		}
		m.ready = append(m.ready, monitor)
	})
}

// close ends the ones that stand ready, and the thread that started them, which is in their control group. A second
// call does nothing.
func (m *monitors) close() {
	m.mutex.Lock()
	again := m.closed
	m.closed = true
	m.mutex.Unlock()
	if again {
		return
	}
	m.filling.Wait()
	for _, monitor := range m.ready {
		monitor.dismiss()
	}
	m.ready = nil
	close(m.done)
	m.folder.Close()
}

func (m *monitors) start() (*attached, error) {
	answer := make(chan started, 1)
	select {
	case m.starts <- answer:
		a := <-answer
		return a.monitor, a.err
	case <-m.done:
		return nil, errors.New("start a monitor: this host is given up, or the agent is ending")
	}
}

// serve starts monitors on a thread of its own, which has entered the monitors' control groups of version 1: what it
// starts is born there. The thread ends with this function.
func (m *monitors) serve() {
	entered := false
	for {
		var answer chan<- started
		select {
		case answer = <-m.starts:
		case <-m.done:
			return
		}
		var err error
		if !entered || !m.tree.Prepared() {
			if err = m.tree.Prepare(); err == nil {
				err = m.tree.EnterMonitors()
			}
			entered = err == nil
		}
		var monitor *attached
		if err == nil {
			monitor, err = m.launch()
		}
		answer <- started{monitor, err}
	}
}

// launch starts one monitor with nothing of ours but one end of a socket. The variables make its Go runtime small: it
// has one thread at work and allocates next to nothing.
func (m *monitors) launch() (*attached, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	defer unix.Close(pair[1])
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		unix.Close(pair[0])
		return nil, err
	}
	defer null.Close()
	attributes := &syscall.SysProcAttr{Setsid: true}
	group, err := m.tree.OpenMonitors()
	if err != nil {
		unix.Close(pair[0])
		return nil, err
	}
	if group != nil {
		defer group.Close()
		attributes.UseCgroupFD, attributes.CgroupFD = true, int(group.Fd())
	}
	path := fmt.Sprintf("/proc/self/fd/%d/%s", m.folder.Fd(), monitorProgram)
	pid, err := syscall.ForkExec(path, []string{monitorProgram}, &syscall.ProcAttr{
		Dir: "/", Env: []string{"GOMAXPROCS=1", "GOGC=off"},
		Files: []uintptr{uintptr(pair[1]), null.Fd(), null.Fd()}, Sys: attributes,
	})
	if err != nil {
		unix.Close(pair[0])
		return nil, explainLaunch(m.folder.Name(), err)
	}
	if err := unix.SetNonblock(pair[0], true); err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	return &attached{socket: os.NewFile(uintptr(pair[0]), "monitor"), pid: pid}, nil
}

func explainLaunch(folder string, err error) error {
	if errors.Is(err, unix.EACCES) {
		return fmt.Errorf("start %s/%s: %w; is the file system mounted noexec?", folder, monitorProgram, err)
	}
	return fmt.Errorf("start %s/%s: %w", folder, monitorProgram, err)
}
