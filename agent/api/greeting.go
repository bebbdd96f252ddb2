package api

import "fmt"

// Protocol is the version of this contract. A client that meets another number delivers its own agent.
const Protocol = 1

// GreetingMagic starts the greeting line. Its control characters do not occur in what login shells print.
const GreetingMagic = "\x05\x16\x07slipway-agent"

// Greeting is the first line the agent writes: the magic, the protocol number and the sha256 of the running
// agent file as in HostFacts.AgentDigest ("sha256:" and 64 hexadecimal digits), separated by spaces and ended by
// a line feed.
func Greeting(digest string) string {
	return fmt.Sprintf("%s %d %s\n", GreetingMagic, Protocol, digest)
}
