// Package server is the only place in the agent that knows HTTP. It speaks HTTP/2 over the standard input and
// output of the process, turns requests into calls of the resources' functions and their errors into problem
// details, and checks that a body says what the contract (package api) allows. What a request does to the host does
// not belong here.
package server
