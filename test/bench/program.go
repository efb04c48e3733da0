// Building and running the programs: Woggle in a folder of its own, and the bare server.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
)

// build makes the two programs, Woggle as it is shipped.
func (b *bench) build(ctx context.Context) error {
	b.woggle, b.bare = filepath.Join(b.folder, "woggle"), filepath.Join(b.folder, "bare")
	for _, command := range []*exec.Cmd{
		exec.CommandContext(ctx, "make", "-s", "build", "BINARY="+b.woggle),
		exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.bare, "./test/bench/bare"),
	} {
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, out)
		}
	}
	return nil
}

// site is one installation: a folder with a settings file, a database and keys.
type site struct {
	folder   string
	address  string // host:port
	database string // its URL
}

// newSite makes the folder. Without a database URL it has a SQLite file of its own.
func (b *bench) newSite(database string) (*site, error) {
	folder, err := os.MkdirTemp(b.folder, "site-")
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	if database == "" {
		database = "sqlite:" + filepath.Join(folder, "data", "woggle.db")
	}
	s := &site{folder: folder, address: address, database: database}
	settings := fmt.Sprintf("address = %q\ndata = %q\ndatabase = %q\norganisation = %q\nhelp_contact = %q\n", "http://"+address,
		s.data(), database, "Northwold County Scouts", "help@northwold.example")
	return s, os.WriteFile(s.settings(), []byte(settings), 0o600)
}

func (s *site) data() string     { return filepath.Join(s.folder, "data") }
func (s *site) settings() string { return filepath.Join(s.folder, "woggle.toml") }

// freeAddress is one that nobody listens on, until somebody does.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// fill makes the database, the keys and the people before the program starts.
func (s *site) fill(ctx context.Context, count int) error {
	d, ring, err := s.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(makePeople(ctx, d, ring, count), d.Close())
}

func (s *site) open(ctx context.Context) (*db.DB, *keys.Ring, error) {
	if err := os.MkdirAll(s.data(), 0o700); err != nil {
		return nil, nil, err
	}
	ring, _, err := keys.LoadOrCreate(filepath.Join(s.data(), "woggle.keys"), time.Now())
	if err != nil {
		return nil, nil, err
	}
	d, err := db.Open(s.database, time.Now)
	if err != nil {
		return nil, nil, err
	}
	return d, ring, d.Migrate(ctx)
}

// process is a running server.
type process struct {
	address string
	started time.Duration // from exec to ready
	command *exec.Cmd
	log     string
	ended   chan struct{}
}

// serve starts Woggle on the site and waits until it is ready.
func (b *bench) serve(ctx context.Context, s *site) (*process, error) {
	return b.start(ctx, s.address, filepath.Join(s.folder, "log"), b.woggle, "serve", "--settings", s.settings())
}

// serveBare starts the yardstick with a page of size bytes, and with work for each page: an algorithm, and a folder.
func (b *bench) serveBare(ctx context.Context, size int, work ...string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return b.start(ctx, address, filepath.Join(b.folder, "bare.log"), b.bare, append([]string{address, strconv.Itoa(size)}, work...)...)
}

func (b *bench) start(ctx context.Context, address, log, program string, args ...string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p := &process{address: address, command: exec.CommandContext(ctx, program, args...), log: log, ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = out, out
	for _, entry := range os.Environ() {
		// Settings of whoever runs the bench are not those of the installation that is measured.
		if !strings.HasPrefix(entry, "WOGGLE_") && !strings.HasPrefix(entry, "GOMAXPROCS=") {
			p.command.Env = append(p.command.Env, entry)
		}
	}
	began := time.Now()
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.command.Wait()
		close(p.ended)
	}()
	if err := p.ready(ctx); err != nil {
		p.stop()
		return nil, err
	}
	p.started = time.Since(began)
	return p, nil
}

// ready asks until the server says that it is, again and again, with pauses far below what is measured.
func (p *process) ready(ctx context.Context) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		b := newBrowser(p.address)
		a, err := b.get("/readyz")
		b.close()
		if err == nil && a.status == 200 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.ended:
			said, _ := os.ReadFile(p.log)
			return fmt.Errorf("%s ended: %s", filepath.Base(p.command.Path), said[max(0, len(said)-2000):])
		case <-time.After(100 * time.Microsecond):
		}
	}
	return fmt.Errorf("%s is not ready after %s", filepath.Base(p.command.Path), patience)
}

// stop ends the process as a service manager does, and is sure that it is gone.
func (p *process) stop() {
	p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(15 * time.Second):
		p.command.Process.Kill()
		<-p.ended
	}
}

// memory is what the process has in memory now, and the most that it ever had, in bytes.
func (p *process) memory() (now, peak int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, 0, fmt.Errorf("memory can be read on Linux only, this is %s: %w", runtime.GOOS, err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			now = kilobytes << 10
		case "VmHWM":
			peak = kilobytes << 10
		}
	}
	return now, peak, nil
}

// cores is the time that a process has had on cores: in its own code, and in the kernel for it.
type cores struct{ own, kernel time.Duration }

func (c cores) since(before cores) cores { return cores{c.own - before.own, c.kernel - before.kernel} }
func (c cores) plus(more cores) cores    { return cores{c.own + more.own, c.kernel + more.kernel} }
func (c cores) sum() time.Duration       { return c.own + c.kernel }

// cores are those of the process so far, zero where they cannot be read.
func (p *process) cores() (c cores) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.command.Process.Pid))
	if err != nil {
		return c
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest) // from the third of proc(5) on: utime is the 14th, stime the 15th, in hundredths
	own, _ := strconv.ParseInt(fields[11], 10, 64)
	kernel, _ := strconv.ParseInt(fields[12], 10, 64)
	return cores{time.Duration(own) * 10 * time.Millisecond, time.Duration(kernel) * 10 * time.Millisecond}
}

// ownCores are those of this process.
func ownCores() (c cores) {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return c
	}
	return cores{time.Duration(usage.Utime.Nano()), time.Duration(usage.Stime.Nano())}
}

// busy is the share of the cores that all work on the machine takes, watched for a second while we do nothing.
func busy(ctx context.Context) float64 {
	idle, all := coreTimes()
	rest(ctx, time.Second)
	idle2, all2 := coreTimes()
	if all2 == all {
		return 0
	}
	return 1 - float64(idle2-idle)/float64(all2-all)
}

// coreTimes are the first line of /proc/stat: how long the cores were idle, and all their time (proc(5)).
func coreTimes() (idle, all int64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line)[1:] {
		n, _ := strconv.ParseInt(field, 10, 64)
		if all += n; i == 3 || i == 4 { // idle, and waiting for a disk
			idle += n
		}
	}
	return idle, all
}

// rest lets d pass, or less if the bench ends.
func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
