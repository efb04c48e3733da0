// Pages in a second, against the bare handler.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// pagesPerBare is what is aimed for.
const pagesPerBare = 0.35

// measurePages measures the sign-in page and two signed-in pages, each against a bare page of its size.
func (b *bench) measurePages(ctx context.Context) error {
	s, err := b.newSite("")
	if err != nil {
		return err
	}
	if err := s.fill(ctx, 1000); err != nil {
		return err
	}
	p, err := b.serve(ctx, s)
	if err != nil {
		return err
	}
	defer p.stop()
	strangers, members, err := visitors(p.address, newPeople(1000))
	if err != nil {
		return err
	}
	for _, page := range []struct {
		what, path string
		by         []*browser
	}{{"sign-in page", "/signin", strangers}, {"signed-in page /", "/", members}, {"signed-in page /security", "/security", members}} {
		b.say("%s", page.what)
		if err := b.pageRounds(ctx, p, page.what, page.path, page.by); err != nil {
			return err
		}
	}
	return nil
}

// visitors are a browser for each connection without, and one with a session.
func visitors(address string, from *people) (strangers, members []*browser, err error) {
	for range connections {
		stranger, member := newBrowser(address), newBrowser(address)
		p, err := from.take()
		if err == nil {
			err = member.signIn(p)
		}
		if err != nil {
			return nil, nil, err
		}
		strangers, members = append(strangers, stranger), append(members, member)
	}
	return strangers, members, nil
}

func (b *bench) pageRounds(ctx context.Context, p *process, what, path string, by []*browser) error {
	first, err := by[0].get(path)
	if err != nil || first.status != 200 {
		return errors.Join(fmt.Errorf("%s: status %d", path, first.status), err)
	}
	size := len(first.body)
	bare, err := b.serveBare(ctx, size)
	if err != nil {
		return err
	}
	defer bare.stop()
	ours, yard := fetcher{by: by, path: path, from: p}, fetcher{path: path, from: bare, size: size}
	for range by {
		yard.by = append(yard.by, newBrowser(bare.address))
	}
	var ratios []float64
	for range b.rounds {
		if err := errors.Join(yard.round(ctx, b.pages), ours.round(ctx, b.pages)); err != nil {
			return err
		}
		ratios = append(ratios, ours.rates[len(ours.rates)-1]/yard.rates[len(yard.rates)-1])
	}
	b.add(row{what: what, measured: perSecond(median(ours.rates)),
		yardstick: fmt.Sprintf("bare %d bytes %s", size, perSecond(median(yard.rates))), ratio: fmt.Sprintf("%.2f", median(ratios)),
		aim: fmt.Sprintf("≥ %.2f", pagesPerBare), met: verdict(median(ratios) >= pagesPerBare)})
	b.note("%s: ratios of the rounds %s; a page took %.0f µs of a core, the bare one %.0f µs", what, span(ratios), ours.each(), yard.each())
	return nil
}

// fetcher asks a server for a page on all connections, again and again.
type fetcher struct {
	by    []*browser
	path  string
	from  *process
	size  int // of the body, where it is known
	rates []float64
	took  time.Duration // on cores
	count float64
}

// round takes d. Every answer must be the page.
func (f *fetcher) round(ctx context.Context, d time.Duration) error {
	before, began := f.from.cores(), time.Now()
	perSecond, err := together(ctx, len(f.by), d, func(worker int) error {
		a, err := f.by[worker].get(f.path)
		if err == nil && (a.status != 200 || f.size > 0 && len(a.body) != f.size) {
			err = fmt.Errorf("%s: status %d, %d bytes", f.path, a.status, len(a.body))
		}
		return err
	})
	f.rates = append(f.rates, perSecond)
	f.took += f.from.cores().since(before).sum()
	f.count += perSecond * time.Since(began).Seconds()
	return err
}

// each is what a page costs the server, in microseconds of a core.
func (f *fetcher) each() float64 { return float64(f.took.Microseconds()) / f.count }
