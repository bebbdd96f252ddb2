// Command slipway-agent does Slipway's work on a host. It runs only while somebody is connected (serve) or for a moment
// after a reboot (boot); what runs in between are the containers, each with its slipway-monitor. This package joins the
// resources' functions with the server and prepares the process; anything that acts on the host lives in the
// resources' packages.
package main

import (
	"fmt"
	"log"
	"os"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/host"
)

// version is the package's, set by the linker.
var version = "development"

const usage = `usage: slipway-agent COMMAND

  serve    answer requests on standard input and output until the input ends
  boot     put away what a reboot left stale; slipway.service runs it
  version  print version, protocol number and digest
`

func main() {
	command := ""
	if len(os.Args) == 2 {
		command = os.Args[1]
	}
	faults := log.New(os.Stderr, "slipway-agent: ", 0)
	var err error
	switch command {
	case "serve":
		err = serve(faults)
	case "boot":
		err = boot(faults)
	case "version":
		err = printVersion()
	default:
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	if err != nil {
		faults.Print(err)
		os.Exit(1)
	}
}

func printVersion() error {
	digest, err := host.AgentDigest()
	if err != nil {
		return err
	}
	fmt.Printf("slipway-agent %s protocol %d %s\n", version, api.Protocol, digest)
	return nil
}
