// Package cgroup knows the control groups of this host and ours among them: where the hierarchies are mounted, which of
// them a container is in, what a setting is called in each version, how groups are made, changed, read and removed, and
// what they use; and the groups that people declare, to put containers below them. How a process gets into a group at its
// birth is package container's matter. docs/stats.md lists the file of each number that tells a use.
//
// # Ours
//
//	<hierarchy>/<base>/monitors/                       every slipway-monitor
//	<hierarchy>/<base>/c/<incarnation>/                one container
//	<hierarchy>/<base>/g/<slot>/<slot>/<incarnation>/  a container in a group in a group
//
// A container is in the hierarchy of version 2; in those of version 1 with the usual limits or with what tells its use, but
// no more, because each costs time at every start; in those where systemd keeps track of services, where it has made the
// base for us; and in one more where it has a setting there. One below a declared group is in all that have settings,
// because the group may get any of them later. Nothing above the base is changed but, in version 2, the controllers switched
// on for its children. A group holds processes or has children, never both (version 2 allows nothing else).
//
// # Two versions
//
// Settings have the names of version 2. What they are in version 1:
//
//	cpu.maxUs, cpu.periodUs   cpu.cfs_quota_us, cpu.cfs_period_us
//	cpu.burstUs               cpu.cfs_burst_us
//	cpu.weight, cpu.shares    cpu.shares; 100 is 1024
//	cpuset.cpus, cpuset.mems  the same; a group starts with those of its parent
//	memory.max                memory.limit_in_bytes
//	memory.low                memory.soft_limit_in_bytes
//	memory.swapMax            memory.memsw.limit_in_bytes, which counts memory too
//	pids.max                  the same
//	io.weight                 blkio.bfq.weight; 1 to 10,000 becomes 1 to 1,000 (as in io.bfq.weight, which version 2 has beside it)
//	io.max                    blkio.throttle.{read,write}_{bps,iops}_device
//	hugetlb                   hugetlb.<size>.limit_in_bytes
//	devices                   devices.allow and devices.deny; version 2 asks a BPF program
//
// memory.high, memory.min and memory.oomGroup have nothing like them there. What a host cannot hold is a problem that names
// the setting, the file and the version needed; nothing is left out silently.
//
// In version 2 a group can ask for more processors, time or devices than the one above it has, and the smaller counts.
// Version 1 refuses that, so there we make it so (follow.go). A declared group of version 1 has rules of devices from the
// beginning, which allow everything, because one without rules gets none while a group is in it.
//
// # Changes
//
// A change that is refused in part is taken back, because the request that would mend it may never come. Which settings a
// change is about stands in the record before the first is written; where that was cut off, the next agent puts them back.
//
// # Pausing, killing, events
//
// What is paused is the matter of the hierarchy of version 2 wherever that is mounted, and else of version 1's freezer:
//
//	pausing                   cgroup.freeze; freezer.state, tried again while it is FREEZING
//	paused itself             cgroup.freeze; freezer.self_freezing
//	killing at once           cgroup.kill (Linux 5.14); else stop all, kill each, let go on, and look again
//	killed for want of memory memory.events; memory.oom_control
//	the most memory used      memory.peak (Linux 5.19); memory.max_usage_in_bytes
//	refused a process         pids.events in both
//
// SIGKILL reaches what version 2 has paused. What version 1 has paused ends only when it goes on, so where the group above
// stays paused it is moved out of there, dead already.
package cgroup
