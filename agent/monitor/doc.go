// Package monitor is the process beside each container: parent of its first process, owner of its log, keeper of its
// exit status. It also holds what the agent and a monitor say to each other. Anything that decides what a container is
// belongs into the recipe that the agent writes; what a monitor imports is bounded by a test, because every container on
// a host pays for it.
//
// # A monitor's life
//
// The agent starts it with one end of a socket as descriptor 0. It cleans itself of what a login left on the agent,
// prepares the pipes, and waits: an idle one stands ready for the next start. An Order names the folder of a
// container. The monitor takes the container's lock, carries out the recipe, and reports: Started or Failed, and once
// the first process has ended, Exited. Then it writes the exit status, removes the control groups, and ends. If the agent
// goes away before the order, the monitor ends; afterwards it goes on alone, and its reports go nowhere. A monitor that is
// killed takes nothing with it: the container writes on into its pipe, and the next agent orders another monitor to adopt
// it, from which only the exit code stays hidden.
//
// # Files
//
// The recipe comes with the order, as a descriptor. In the container's folder on the disk the monitor writes the log and
// the exit status; what happened in the control groups is kept beside them by the recipe's last list. Below /run is the state, a file made empty by the agent, which the monitor keeps locked as long as it
// lives; the kernel tells whoever asks which process that is. The container's first process stands in it once the
// program has been executed.
package monitor
