// Where the time goes: the server in this process, under the load of the other parts, with profiles of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime/pprof"

	"woggle/internal/method/phone"
	"woggle/internal/page"
	"woggle/internal/server"
	"woggle/test/smsc"
)

// profile writes NAME.cpu for each kind of load and allocs at the end. What the visitors take is labelled: leave it out
// with `go tool pprof -tagignore load FILE`.
func (b *bench) profile(ctx context.Context, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	s, err := b.newSite("")
	if err != nil {
		return err
	}
	if err := s.fill(ctx, b.people); err != nil {
		return err
	}
	stop, err := s.serveHere(ctx)
	if err != nil {
		return err
	}
	from := newPeople(b.people)
	strangers, members, err := visitors(s.address, from)
	if err == nil {
		err = profileOne(ctx, folder, "signins", func(ctx context.Context) error {
			c := startCrowd(ctx, s.address, from, connections, 0)
			rest(ctx, b.signins)
			c.finish()
			b.note("signins: %d done, %d failed %s", c.done.Load(), c.failed.Load(), c.why())
			return c.broken
		})
	}
	for _, page := range []struct {
		name, path string
		by         []*browser
	}{{"signin-page", "/signin", strangers}, {"home-page", "/", members}, {"security-page", "/security", members}} {
		if err == nil {
			err = profileOne(ctx, folder, page.name, func(ctx context.Context) error {
				rate, err := together(ctx, len(page.by), b.pages, func(worker int) error {
					_, err := page.by[worker].get(page.path)
					return err
				})
				b.note("%s: %s", page.name, perSecond(rate))
				return err
			})
		}
	}
	if err == nil {
		err = b.profileTexts(ctx, folder)
	}
	if err == nil {
		err = writeProfile(filepath.Join(folder, "allocs"), func(f *os.File) error { return pprof.Lookup("allocs").WriteTo(f, 0) })
	}
	return errors.Join(err, stop())
}

// profileTexts profiles the outbox while it gives texts to a message centre in a process of its own.
func (b *bench) profileTexts(ctx context.Context, folder string) error {
	others, err := smsc.StartOthers("test/smsc", "quiet")
	if err != nil {
		return err
	}
	defer others.Stop()
	return writeCPU(filepath.Join(folder, "texts.cpu"), func() error {
		for range b.rounds {
			rate, err := b.texts(ctx, others.Addr)
			if err != nil {
				return err
			}
			b.note("texts: %s", perSecond(rate))
		}
		return nil
	})
}

func profileOne(ctx context.Context, folder, name string, load func(context.Context) error) error {
	return writeCPU(filepath.Join(folder, name+".cpu"), func() error {
		var err error
		pprof.Do(ctx, pprof.Labels("load", "visitors"), func(ctx context.Context) { err = load(ctx) })
		return err
	})
}

func writeCPU(path string, load func() error) error {
	return writeProfile(path, func(f *os.File) error {
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
		return load()
	})
}

func writeProfile(path string, write func(*os.File) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// serveHere serves the site in this process, wired as the program does it.
func (s *site) serveHere(ctx context.Context) (stop func() error, err error) {
	d, ring, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	base := &url.URL{Scheme: "http", Host: s.address}
	log, err := os.Create(filepath.Join(s.folder, "log"))
	if err != nil {
		return nil, err
	}
	here, err := server.New(server.Options{DB: d, Keys: ring, Base: base, Brand: page.Brand{Name: "Northwold County Scouts", Colour: "#0b5d57"},
		Plan: phone.Plan{Default: "GB", Allowed: []string{"GB"}}, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return nil, fmt.Errorf("the server in this process: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- here.Serve(ctx, listener) }()
	return func() error {
		cancel()
		return errors.Join(<-ended, d.Close(), log.Close())
	}, nil
}
