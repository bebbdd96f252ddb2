package server

import (
	"errors"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// streamWindow lets one upload fill a path of 100 ms at 40 MiB/s; net/http's default is 1 MiB.
	streamWindow = 4 << 20
	// connectionWindow is what eight uploads may hold unread before a ninth request's body would have to wait.
	connectionWindow = 8 * streamWindow
	// concurrentStreams is far above what one `pulumi up` asks at once, log followers included.
	concurrentStreams = 1024
	// grace is how long a request that changes the host may go on after its client went away.
	grace = 30 * time.Second
)

// patience is how long a client may be silent before it is asked for a sign of life, and how much later it is given
// up. The answer may have to queue behind an upload, so it is given more time than the silence.
type patience struct{ silence, pingAnswer time.Duration }

// Serve answers HTTP/2 requests on one connection until the client ends it, then waits for requests that still
// change the host, for at most a little more than grace, and returns.
func Serve(conn *Conn, handler http.Handler, faults *log.Logger) error {
	return serve(conn, handler, faults, patience{silence: 20 * time.Second, pingAnswer: 40 * time.Second})
}

func serve(conn *Conn, handler http.Handler, faults *log.Logger, wait patience) error {
	var running sync.RWMutex
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			running.RLock()
			defer running.RUnlock()
			handler.ServeHTTP(w, r)
		}),
		Protocols: protocols,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams:          concurrentStreams,
			MaxReceiveBufferPerStream:     streamWindow,
			MaxReceiveBufferPerConnection: connectionWindow,
			SendPingTimeout:               wait.silence,
			PingTimeout:                   wait.pingAnswer,
		},
		ErrorLog: faults,
	}
	if err := server.Serve(newOneShot(conn)); !errors.Is(err, net.ErrClosed) {
		return err
	}
	// Taking the lock waits for every request that holds it and lets none begin after.
	finished := make(chan struct{})
	go func() {
		running.Lock()
		close(finished)
	}()
	select {
	case <-finished:
		return nil
	case <-time.After(grace + 5*time.Second):
		return errors.New("finish the requests of a client that went away: they took longer than the deadline")
	}
}

// oneShot is a listener that gives out one connection and is closed with it.
type oneShot struct {
	conn  *Conn
	first chan *Conn
}

func newOneShot(conn *Conn) *oneShot {
	first := make(chan *Conn, 1)
	first <- conn
	return &oneShot{conn: conn, first: first}
}

func (l *oneShot) Accept() (net.Conn, error) {
	select {
	case conn := <-l.first:
		return conn, nil
	default:
		<-l.conn.Closed()
		return nil, net.ErrClosed
	}
}

func (l *oneShot) Close() error   { return nil }
func (l *oneShot) Addr() net.Addr { return stdioAddr{} }
