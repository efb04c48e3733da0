package server_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/page"
	"woggle/internal/server"
)

// pipes is a listener without a network, so that it works in a time of its own.
type pipes struct {
	calls chan net.Conn
	ended chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.calls:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error {
	close(p.ended)
	return nil
}
func (pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p pipes) dial() net.Conn {
	mine, theirs := net.Pipe()
	p.calls <- theirs
	return mine
}

// Who is slow on purpose is not waited for, and others do not notice (threat T81).
func TestSlowVisitorsAreNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, err := db.Open("sqlite:"+filepath.Join(t.TempDir(), "woggle.db"), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, err := server.New(server.Options{DB: d, Keys: keys.Random(), Base: &url.URL{Scheme: "http", Host: "localhost"},
			Brand: page.Brand{Name: "N", Colour: "#000000"}, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		listener := pipes{make(chan net.Conn), make(chan struct{})}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Serve(ctx, listener) }()

		for name, c := range map[string]struct {
			first, then string // sent at once; and again, once a second
			most        time.Duration
		}{
			"silence":              {"", "", 5 * time.Second},
			"half a line":          {"GET /healt", "", 5 * time.Second},
			"a header each second": {"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", "X-A: b\r\n", 5 * time.Second},
			"a byte each second":   {"POST /signin HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n", "x", 15 * time.Second},
			"nothing after a page": {"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "", 60 * time.Second},
			"half a body":          {"POST /signin HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc", "", 15 * time.Second},
			"a chunk each second":  {"POST /signin HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", 15 * time.Second},
			"half a page is read":  {"GET /signin HTTP/1.1\r\nHost: localhost\r\n\r\n", "", 125 * time.Second},
		} {
			began := time.Now()
			slow := listener.dial()
			go io.WriteString(slow, c.first)
			var writing sync.WaitGroup
			if c.then != "" {
				writing.Go(func() {
					for {
						time.Sleep(time.Second)
						if _, err := io.WriteString(slow, c.then); err != nil {
							return
						}
					}
				})
			}
			for range 3 { // others, meanwhile
				other := listener.dial()
				io.WriteString(other, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
				answer, err := http.ReadResponse(bufio.NewReader(other), nil)
				if err != nil || answer.StatusCode != http.StatusOK || time.Since(began) > time.Second {
					t.Errorf("%s: another visitor waits %v: %v", name, time.Since(began), err)
				}
				other.Close()
			}
			if name == "half a page is read" {
				io.ReadFull(slow, make([]byte, 10))
				time.Sleep(c.most)
			}
			io.Copy(io.Discard, slow)
			if took := time.Since(began); took > c.most+time.Second {
				t.Errorf("%s: the connection was kept for %v", name, took)
			}
			slow.Close()
			writing.Wait() // its next byte is refused
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
