// Package recipe is the form in which a container's start is handed from the agent to its monitor: flat lists of
// prepared system calls. The agent writes one with a Recipe, step by step and each with a name; the monitor maps the
// file, points its arguments into the mapping, and runs it. What the steps do to a container is not decided here, and
// because the monitor imports this package it imports next to nothing.
//
// # Why
//
// Between clone3 and execve nothing of Go's runtime may run: no allocation, no lock, no growing stack. A list of numbers
// needs none of these, so the child is forked from a Go process and becomes the container's program without a
// second start of Go in between. The same file serves every restart, without the agent.
//
// # Three lists
//
//	Before  run by the monitor: control groups are made, limits set
//	Child   run by the forked child: namespaces and mounts, user and capabilities, at last the program
//	After   run by the monitor when the child has ended, or could not be started: control groups are removed
//
// # One step
//
// A step is a system call's number and six arguments. An argument is a number, the address of something in the file's
// data, or a register: a place for the result of an earlier step. Registers set before the fork hold in the child.
// A failing step ends its list unless it tolerates the errno; then the list goes on, leaving out the Skip steps that
// depended on it. That is the only decision a list can take; whatever needs more was decided when it was written.
//
// # The file
//
// Header, the steps of the three lists, relocations (places in the data that hold addresses, such as argv), data, and
// last the names: for each step what it does and to what, each ended by a NUL. The monitor never reads the names. Numbers
// are in the byte order of the machine, which the file never leaves.
package recipe
