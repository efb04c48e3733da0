// woggle demo: a sample county on this computer, which is gone when the program ends.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory/sample"
	"woggle/internal/keys"
	"woggle/internal/message/handset"
	"woggle/internal/method/phone"
	"woggle/internal/page"
	"woggle/internal/server"
)

type demoCommand struct {
	Listen string `placeholder:"ADDR" default:"127.0.0.1:8080" help:"Where to listen; on this computer only (${default}, or the next free port)."`
	Calls  string `enum:"code,approve" default:"code" help:"What calls do: code reads a code out, approve asks for two numbers that the page shows (${default})."`
	Log    bool   `help:"Print a line for each request."`
}

// Run shows the sample county until the program is told to stop.
func (c *demoCommand) Run(p *program) (err error) {
	boundMemory()
	listener, err := listenLocally(p.ctx, c.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	apps, err := listenApps(p.ctx, listener, strings.HasSuffix(c.Listen, ":0"))
	if err != nil {
		return err
	}
	defer apps.close()
	key := makeKey()
	folder, err := os.MkdirTemp("", "woggle-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	d, err := db.Open("sqlite:"+filepath.Join(folder, "woggle.db"), time.Now)
	if err != nil {
		return err
	}
	defer d.Close()
	ring := keys.Random()
	if err := d.Migrate(p.ctx); err != nil {
		return err
	}
	county, err := seed(p.ctx, d, ring)
	if err != nil {
		return fmt.Errorf("the sample county: %w", err)
	}
	base := &url.URL{Scheme: "http", Host: "localhost:" + strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)}
	log := c.logger(p)
	s, err := server.New(server.Options{DB: d, Keys: ring, Base: base, Zone: time.Local, Stay: 30 * 24 * time.Hour, Log: log,
		TrustedProxies: loopback, // that of the minibus log
		Brand:          page.Brand{Name: sample.Organisation, Colour: "#0b5d57", Help: "Ruth Calloway, ruth.calloway@northwold.example"},
		Plan:           demoPlan, Approve: c.Calls == "approve",
		Demo: &server.Demo{Exchange: handset.New(time.Now), People: func() any { return county },
			Lines: func() []handset.Line { return lines(county) }}})
	if err != nil {
		return err
	}
	if err := apps.make(base.String(), key, log); err != nil {
		return err
	}
	if err := apps.register(p.ctx, d); err != nil {
		return fmt.Errorf("the sample apps: %w", err)
	}
	apps.serve(p.ctx, log)
	go saveMemory(p.ctx)
	tour(p.out, base.String(), apps.Base, county)
	return s.Serve(p.ctx, listener)
}

// loopback is this computer.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// demoPlan takes the numbers that are kept free for films.
var demoPlan = phone.Plan{Default: "GB", Allowed: []string{"GB", "IE"}, Drama: true}

// logger keeps the terminal for the tour, unless the log was asked for.
func (c *demoCommand) logger(p *program) *slog.Logger {
	if c.Log {
		return p.logger(false)
	}
	return slog.New(slog.NewTextHandler(p.err, &slog.HandlerOptions{Level: slog.LevelError}))
}

// ports is how many are tried.
const ports = 20

// listenLocally listens at the address, or the next free port. Everybody who reaches a demonstration reads everybody's
// codes, so it is for this computer only.
func listenLocally(ctx context.Context, address string) (net.Listener, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: write an address with a port, as in 127.0.0.1:8080", address)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %s is not a port", address, text)
	}
	if !isLoopback(host) {
		return nil, fmt.Errorf("--listen %s: the demonstration is for this computer only; write 127.0.0.1:%s", address, text)
	}
	if host == "localhost" {
		host = "127.0.0.1" // a name could lead elsewhere
	}
	for try := range uint64(ports) {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.FormatUint(port+try, 10)))
		if !errors.Is(err, syscall.EADDRINUSE) || port == 0 {
			return listener, err
		}
	}
	return nil, fmt.Errorf("the ports %d to %d are all taken; name a free one: woggle demo --listen 127.0.0.1:9999", port, port+ports-1)
}
