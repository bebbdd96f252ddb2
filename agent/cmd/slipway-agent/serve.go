package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"pulumi-slipway/agent/api"
	"pulumi-slipway/agent/host"
	"pulumi-slipway/agent/server"
)

// serve answers requests until the client is gone. What can fail before the session has begun is done before the
// greeting, so that the client sees the reason on standard error instead of a session that breaks.
func serve(faults *log.Logger) error {
	if err := prepare(); err != nil {
		return err
	}
	in, out, err := takeStdio()
	if err != nil {
		return err
	}
	conn, err := server.NewConn(in, out)
	if err != nil {
		return err
	}
	s, containers, err := openHost()
	if err != nil {
		return err
	}
	defer s.Close()
	defer containers.Close()
	if s.Notice() != "" {
		faults.Print(s.Notice())
	}
	digest, err := host.AgentDigest()
	if err != nil {
		return err
	}
	if _, err := conn.Write([]byte(api.Greeting(digest))); err != nil {
		return fmt.Errorf("greet: %w", err)
	}
	closeOnTermination(conn)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go sweep(ctx, s, containers, faults)
	return server.Serve(conn, server.Handler(functions(s, containers), faults), faults)
}

// closeOnTermination lets a shutdown of the host end the session as the client would.
func closeOnTermination(conn *server.Conn) {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go func() {
		<-terminated
		conn.Close()
	}()
}
