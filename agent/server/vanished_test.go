package server

import (
	"context"
	"encoding/binary"
	"io"
	"log"
	"testing"
	"time"
)

// A client whose machine lost power sends nothing any more, reads nothing, and closes nothing.
func TestAClientThatVanishedIsNoticedByPings(t *testing.T) {
	for name, follow := range map[string]bool{"idle": false, "while it is sent a log that nobody reads": true} {
		t.Run(name, func(t *testing.T) {
			in, client := pipe(t)
			_, out := pipe(t)
			conn, err := NewConn(in, out)
			if err != nil {
				t.Fatal(err)
			}
			var handlerEnded error
			handler := Handler(Functions{Logs: func(ctx context.Context, _ string, _ int, _ bool, to io.Writer) error {
				for handlerEnded == nil {
					_, handlerEnded = to.Write(make([]byte, 1<<20))
				}
				return handlerEnded
			}}, log.New(io.Discard, "", 0))
			if _, err := client.Write(opening(follow)); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if err := serve(conn, handler, log.New(io.Discard, "", 0), patience{50 * time.Millisecond, 100 * time.Millisecond}); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took < 150*time.Millisecond || took > 10*time.Second {
				t.Errorf("ended after %v", took)
			}
			if follow && handlerEnded == nil {
				t.Error("the log was never broken off")
			}
		})
	}
}

// opening is what such a client sent while it lived: the preface, settings with the widest windows, and, where asked
// for, one request for a log.
func opening(follow bool) []byte {
	const settings, headers, windowUpdate = 4, 1, 8
	const endStreamAndHeaders = 0x5
	const widest = 1<<31 - 1
	sent := []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	sent = append(sent, frame(settings, 0, 0, binary.BigEndian.AppendUint32([]byte{0, 4}, widest))...)
	sent = append(sent, frame(windowUpdate, 0, 0, binary.BigEndian.AppendUint32(nil, widest-65535))...)
	if follow {
		path := "/v1/containers/" + nonce + "/logs?follow=true"
		// HPACK: indexed ":method: GET" and ":scheme: http", then literals with the names ":path" and ":authority".
		block := append([]byte{0x82, 0x86, 0x04, byte(len(path))}, path...)
		block = append(block, "\x01\x05agent"...)
		sent = append(sent, frame(headers, endStreamAndHeaders, 1, block)...)
	}
	return sent
}

func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	return append(binary.BigEndian.AppendUint32(append(head, flags), stream), payload...)
}
