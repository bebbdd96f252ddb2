// Command slipway-monitor is the process beside each container, see package monitor. It is started by the agent alone.
//
// The runtime would keep files of the control groups open to follow changes of the processor limit. A monitor has one
// thread at work whatever the limit is, and has to know every descriptor it has.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
package main

import "pulumi-slipway/agent/monitor"

func main() { monitor.Main() }
