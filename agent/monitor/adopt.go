package monitor

import "syscall"

// adopt takes the place of a monitor that was killed: it copies the output on and notices the end. The exit code is
// told to the parent alone, which is somebody else now, so it stays unknown.
func (c *container) adopt(o Order, descriptors []int) *failure {
	if f := c.claim(o); f != nil {
		return f
	}
	c.pipes.closeChildEnds()
	syscall.Close(c.pipes.failures)
	for i := range c.pipes.output {
		syscall.Close(c.pipes.output[i])
		c.pipes.output[i] = descriptors[2+i]
	}
	c.pidfd = descriptors[1]
	return nil
}
