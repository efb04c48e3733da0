// What is measured, how long, and in which order.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// sizes say how much is measured.
type sizes struct {
	rounds   int           // of Woggle and the yardstick in turns
	hashing  time.Duration // of a round of hashes
	signins  time.Duration // of a round of sign-ins
	pages    time.Duration // of a round of pages
	storm    time.Duration // at 128 connections
	starts   int
	sessions int
	settle   time.Duration // before memory is read
	people   int           // of the sign-in rounds
	few      int           // people, and…
	many     int           // …very many people
	pairs    int           // sign-ins among each of them
	kept     int           // people in a backup
	texting  int           // texts in a queue that is drained
	asking   int           // codes asked for at 200 a second
	calling  time.Duration // of a hundred calls at once
	register int           // rows of an import
	atMost   time.Duration // after which the bench is broken
}

var (
	full = sizes{rounds: 7, hashing: 2 * time.Second, signins: 5 * time.Second, pages: 2 * time.Second, storm: 15 * time.Second,
		starts: 20, sessions: 10_000, settle: 10 * time.Second, people: 20_000, few: 1000, many: 1_000_000, pairs: 300, kept: 100_000, register: 100_000, texting: 10_000, asking: 2000, calling: 20 * time.Second,
		atMost: 40 * time.Minute}
	quick = sizes{rounds: 1, hashing: 500 * time.Millisecond, signins: 1500 * time.Millisecond, pages: 300 * time.Millisecond,
		storm: 2 * time.Second, starts: 3, sessions: 200, settle: 500 * time.Millisecond, people: 3000, few: 200, many: 5000,
		pairs: 10, kept: 2000, register: 2000, texting: 1000, asking: 200, calling: 3 * time.Second, atMost: 4 * time.Minute}
)

// bench is one run.
type bench struct {
	sizes
	report
	folder string // temporary
	woggle string // the built program
	bare   string
	say    func(format string, args ...any) // progress
}

// part measures one thing and adds rows to the table.
type part struct {
	name string
	run  func(*bench, context.Context) error
}

var parts = []part{{"signins", (*bench).measureSignIns}, {"storms", (*bench).measureStorms}, {"pages", (*bench).measurePages},
	{"starts", (*bench).measureStarts}, {"telltale", (*bench).measureTelltale}, {"phones", (*bench).measurePhones}, {"calls", (*bench).measureCalls},
	{"apps", (*bench).measureApps}, {"proxies", (*bench).measureProxies}, {"grants", (*bench).measureGrants},
	{"authenticator", (*bench).measureAuthenticator}, {"register", (*bench).measureRegister}, {"million", (*bench).measureMillion}, {"backups", (*bench).measureBackups}}

func main() {
	small := flag.Bool("quick", false, "measure little, to try the bench itself")
	only := flag.String("only", "", "measure these parts only, of signins,storms,pages,starts,telltale,phones,calls,apps,proxies,grants,authenticator,register,million,backups")
	profiles := flag.String("profile", "", "write profiles of a server in this process into the folder, and measure nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := &bench{sizes: full, say: func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }}
	if *small {
		b.sizes = quick
	}
	err := b.run(ctx, *only, *profiles)
	b.print(os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context, only, profiles string) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, b.atMost, errors.New("the bench took too long"))
	defer cancel()
	if b.folder, err = os.MkdirTemp("", "woggle-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.folder)) }()
	if profiles != "" {
		return b.profile(ctx, profiles)
	}
	b.say("building")
	if err := b.build(ctx); err != nil {
		return err
	}
	b.note("%d cores, %s, %s/%s; other work kept them %.0f %% busy just before", runtime.GOMAXPROCS(0), runtime.Version(),
		runtime.GOOS, runtime.GOARCH, 100*busy(ctx))
	for _, p := range parts {
		if only != "" && !strings.Contains(","+only+",", ","+p.name+",") {
			continue
		}
		if err := p.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", p.name, errors.Join(err, context.Cause(ctx)))
		}
	}
	return nil
}
