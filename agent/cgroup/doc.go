// Package cgroup knows the control groups of this host and ours among them: where the hierarchies are mounted, which of
// them a container enters, what a limit is called in each version, and how groups are made, read and removed. How a
// process gets into a group at its birth is package container's matter.
//
// # Ours
//
//	<hierarchy>/<base>/monitors/           every slipway-monitor
//	<hierarchy>/<base>/c/<incarnation>/    one container
//
// Only hierarchies that hold a limit are entered, because each costs time at every start; and those in which systemd keeps
// track of services, where it has made the base for us. Nothing above the base is changed but, in version 2, the
// controllers switched on for its children. A group holds processes or has children, never both (version 2 allows
// nothing else).
package cgroup
