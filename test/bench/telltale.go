// Whether the time of an answer tells who has an account (threat T06).
package main

import (
	"context"
	"fmt"
	"time"
)

// alike is what is aimed for: how far the two medians may lie apart, as a share. Of the answer to a name that is 50 µs;
// over a network, one request differs from the next by far more.
const alike = 0.1

// measureTelltale gives wrong passwords, in turns for a name that somebody has and for one that nobody has, and compares
// how long the answers take. Each name is asked once, so that no bound answers in place of the hash.
func (b *bench) measureTelltale(ctx context.Context) error {
	s, err := b.newSite("")
	if err != nil {
		return err
	}
	if err := s.fill(ctx, b.few); err != nil {
		return err
	}
	p, err := b.serve(ctx, s)
	if err != nil {
		return err
	}
	defer p.stop()
	b.say("%d pairs of wrong passwords", b.pairs)
	visitor := newBrowser(p.address)
	defer visitor.close()
	const warm = 5
	var named, passwords [2][]time.Duration // of a name that somebody has, and of one that nobody has
	for pair := range min(b.pairs, b.few-warm) + warm {
		for i, name := range []string{person{number: pair}.name(), fmt.Sprintf("nobody%07d", pair)} {
			name, password, err := visitor.guess(name, fmt.Sprintf("not this one %d %d", pair, i))
			if err != nil {
				return err
			}
			if pair >= warm {
				named[i], passwords[i] = append(named[i], name), append(passwords[i], password)
			}
		}
	}
	b.compareNames("answer to a user name", named)
	b.compareNames("answer to a wrong password", passwords)
	return nil
}

func (b *bench) compareNames(what string, took [2][]time.Duration) {
	somebody, nobody := median(took[0]), median(took[1])
	ratio := float64(somebody) / float64(nobody)
	b.add(row{what: what + ", somebody's", measured: milliseconds(somebody), yardstick: "nobody's: " + milliseconds(nobody),
		ratio: fmt.Sprintf("%.3f", ratio), aim: fmt.Sprintf("1 ± %.1f", alike), met: verdict(ratio > 1-alike && ratio < 1+alike)})
}

// guess types a name and a wrong password, and gives how long the answers to both took.
func (b *browser) guess(name, password string) (named, refused time.Duration, err error) {
	b.fresh()
	page, err := b.get("/signin")
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	if page, err = b.submit(page, "/signin", "username", name); err != nil {
		return 0, 0, err
	}
	named = time.Since(began)
	if page, err = b.get(page.location); err != nil {
		return 0, 0, err
	}
	began = time.Now()
	if page, err = b.submit(page, "/signin/password", "password", password); err != nil {
		return 0, 0, err
	}
	refused = time.Since(began)
	if page.status != 422 {
		return 0, 0, refusal{walkRequests[passwordRequest], page.status}
	}
	return named, refused, nil
}
