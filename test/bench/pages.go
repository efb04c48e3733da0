// Pages in a second, against the bare handler.
package main

import (
	"context"
	"errors"
	"fmt"
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
		aim        bool
	}{{"sign-in page", "/signin", strangers, true}, {"signed-in page /", "/", members, true},
		{"signed-in page /security", "/security", members, true}} {
		b.say("%s", page.what)
		if err := b.pageRounds(ctx, page.what, page.path, page.by); err != nil {
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

func (b *bench) pageRounds(ctx context.Context, what, path string, by []*browser) error {
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
	var plain []*browser
	for range by {
		plain = append(plain, newBrowser(bare.address))
	}
	var rates, bares, ratios []float64
	for range b.rounds {
		yard, err := b.fetch(ctx, plain, path, size)
		if err != nil {
			return err
		}
		pages, err := b.fetch(ctx, by, path, 0)
		if err != nil {
			return err
		}
		rates, bares, ratios = append(rates, pages), append(bares, yard), append(ratios, pages/yard)
	}
	b.add(row{what: what, measured: perSecond(median(rates)), yardstick: fmt.Sprintf("bare %d bytes %s", size, perSecond(median(bares))),
		ratio: fmt.Sprintf("%.2f", median(ratios)), aim: fmt.Sprintf("≥ %.2f", pagesPerBare),
		met: verdict(median(ratios) >= pagesPerBare)})
	b.note("%s: ratios of the rounds %s", what, span(ratios))
	return nil
}

// fetch asks for the page on all connections, again and again. Every answer must be the page: of the size, where that is
// known.
func (b *bench) fetch(ctx context.Context, by []*browser, path string, size int) (float64, error) {
	return together(ctx, len(by), b.pages, func(worker int) error {
		a, err := by[worker].get(path)
		if err == nil && (a.status != 200 || size > 0 && len(a.body) != size) {
			err = fmt.Errorf("%s: status %d, %d bytes", path, a.status, len(a.body))
		}
		return err
	})
}
