package monitor

import (
	"syscall"

	"pulumi-slipway/agent/recipe"
)

// container is what a monitor holds of the container it watches.
type container struct {
	recipe, folder, state int // descriptors
	pipes                 pipes
	log                   log
	pid, pidfd            int
	startedAt             [stampSize]byte
}

// start takes the container's lock and carries out its recipe until the program is executed.
func (c *container) start(o Order) *failure {
	if f := c.claim(o); f != nil {
		return f
	}
	r, err := recipe.Map(c.recipe)
	if err != nil {
		return own("map", "the recipe", err)
	}
	defer r.Unmap()
	r.Set(recipe.Stdin, uintptr(c.pipes.null))
	r.Set(recipe.Stdout, uintptr(c.pipes.ends[0]))
	r.Set(recipe.Stderr, uintptr(c.pipes.ends[1]))
	if f := inRecipe(recipe.Before, r.Before()); f != nil {
		undo(r)
		return f
	}
	if c.pid, c.pidfd, err = r.Fork(); err != nil {
		undo(r)
		return own("clone3", "", err)
	}
	c.pipes.closeChildEnds()
	c.holdMounts()
	if f := c.childFailure(); f != nil {
		c.reap()
		undo(r)
		return f
	}
	c.startedAt = now()
	if f := c.writeState(); f != nil {
		// Nobody would find a container that nothing points to.
		syscall.Kill(c.pid, syscall.SIGKILL)
		c.reap()
		undo(r)
		return f
	}
	return nil
}

// claim opens the container's folder and locks its state. The agent that removes a container takes the same lock and
// then the file, so a file without a name means that there is nothing to start any more.
func (c *container) claim(o Order) *failure {
	var err error
	if c.folder, err = syscall.Open(o.Folder, syscall.O_RDONLY|syscall.O_DIRECTORY|closeOnExec, 0); err != nil {
		return own("open", o.Folder, err)
	}
	if c.state, err = syscall.Open(o.State, syscall.O_RDWR|closeOnExec, 0); err != nil {
		return own("open", o.State, err)
	}
	lock := syscall.Flock_t{Type: syscall.F_WRLCK}
	if err := syscall.FcntlFlock(uintptr(c.state), syscall.F_SETLK, &lock); err != nil {
		return own("lock", o.State, err)
	}
	var stat syscall.Stat_t
	if err := syscall.Fstat(c.state, &stat); err != nil || stat.Nlink == 0 {
		return own("lock", o.State, syscall.ENOENT)
	}
	c.log.folder = c.folder
	return nil
}

// childFailure waits until the program is executed or a step has failed. A child that is killed on the way looks as if
// its program had been, which the exit code then tells.
func (c *container) childFailure() *failure {
	var message [8]byte
	for {
		n, err := syscall.Read(c.pipes.failures, message[:])
		if err == syscall.EINTR {
			continue
		}
		syscall.Close(c.pipes.failures)
		if n != len(message) {
			return nil
		}
		f := recipe.DecodeFailure(message)
		return inRecipe(recipe.Child, f)
	}
}

// holdMounts keeps the container's mount namespace from being taken apart while its first process ends: unmounting an
// overlay writes the whole file system below it to the disk, and whoever waits for the container need not wait for
// that. It is only a matter of time, so a failure does not matter.
func (c *container) holdMounts() {
	path := append(decimal([]byte("/proc/"), int64(c.pid)), "/ns/mnt"...)
	syscall.Open(string(path), syscall.O_RDONLY|closeOnExec, 0)
}

// undoSeconds bounds undo. It is less than an agent waits for a monitor, so that the agent is the one to say what stays.
const undoSeconds = 5

// undo carries out the recipe's last list. A group cannot be removed before the kernel has let go of its last process,
// which is a matter of moments; what stays is found by the agent.
func undo(r *recipe.Mapped) {
	for end := uptime() + undoSeconds; r.After().Errno == syscall.EBUSY && uptime() <= end; {
		pause(5)
	}
}
