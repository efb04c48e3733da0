// What a sign-in costs among few and among very many people.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"woggle/internal/db/dbtest"
)

// growth is what is aimed for: how much more a sign-in costs among very many people than among few.
const growth = 1.2

// measureMillion signs people in one after the other, in turns among few and among many, on one connection to each of
// two servers. The hash is the same at any size and would hide everything else, so the request that waits for it is left
// out: the six others read and write every table that a sign-in touches.
func (b *bench) measureMillion(ctx context.Context) error {
	if err := b.compareSizes(ctx, "SQLite", func(string) (string, error) { return "", nil }); err != nil {
		return err
	}
	address, stop, err := dbtest.StartCluster()
	if errors.Is(err, dbtest.ErrMissing) {
		b.add(row{what: "sign-in among many people, PostgreSQL", measured: "PostgreSQL is not installed", met: "?"})
		return nil
	}
	if err != nil {
		return err
	}
	defer stop()
	return b.compareSizes(ctx, "PostgreSQL", func(name string) (string, error) { return createDatabase(ctx, address, name) })
}

// createDatabase makes a database in the cluster, and gives its URL.
func createDatabase(ctx context.Context, address, name string) (string, error) {
	c, err := pgx.Connect(ctx, address)
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// among is a server with so many people, and how long each request of their sign-ins took.
type among struct {
	site   *site
	people *people
	p      *process
	b      *browser
	took   [len(walkRequests)][]time.Duration
}

func (b *bench) compareSizes(ctx context.Context, engine string, database func(name string) (string, error)) error {
	few, err := b.among(ctx, engine, b.few, database)
	if err != nil {
		return err
	}
	defer few.p.stop()
	many, err := b.among(ctx, engine, b.many, database)
	if err != nil {
		return err
	}
	defer many.p.stop()
	b.say("%s: %d pairs of sign-ins", engine, b.pairs)
	const warm = 5
	for pair := range b.pairs + warm {
		for _, one := range []*among{few, many} {
			if err := one.signIn(pair >= warm); err != nil {
				return err
			}
		}
	}
	small, large := few.cost(), many.cost()
	ratio := float64(large) / float64(small)
	b.add(row{what: fmt.Sprintf("sign-in without the hash among %d people, %s", b.many, engine), measured: milliseconds(large),
		yardstick: fmt.Sprintf("among %d: %s", b.few, milliseconds(small)), ratio: fmt.Sprintf("%.2f", ratio),
		aim: fmt.Sprintf("< %.1f", growth), met: verdict(ratio < growth)})
	b.note("%s: the request left out, which waits for the hash, took %s among few and %s among many", engine,
		milliseconds(median(few.took[passwordRequest])), milliseconds(median(many.took[passwordRequest])))
	return nil
}

// among makes the people and starts the server.
func (b *bench) among(ctx context.Context, engine string, count int, database func(string) (string, error)) (*among, error) {
	b.say("%s: making %d people", engine, count)
	url, err := database(fmt.Sprintf("people%d", count))
	if err != nil {
		return nil, err
	}
	s, err := b.newSite(url)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.fill(ctx, count); err != nil {
		return nil, err
	}
	if url != "" {
		if err := settleDatabase(ctx, url); err != nil {
			return nil, err
		}
	}
	b.say("%s: %d people made in %s", engine, count, time.Since(began).Round(time.Second))
	p, err := b.serve(ctx, s)
	if err != nil {
		return nil, err
	}
	return &among{site: s, people: newPeople(count), p: p, b: newBrowser(p.address)}, nil
}

// settleDatabase does now what a running PostgreSQL does by itself in the minutes after an import.
func settleDatabase(ctx context.Context, url string) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, "VACUUM ANALYZE")
	return err
}

func (a *among) signIn(keep bool) error {
	p, err := a.people.take()
	if err != nil {
		return err
	}
	took := make([]time.Duration, 0, len(walkRequests))
	a.b.took = &took
	if err := a.b.signIn(p); err != nil || !keep {
		return err
	}
	for i, one := range took {
		a.took[i] = append(a.took[i], one)
	}
	return nil
}

// cost is what a sign-in takes but for the request with the hash: the sum of the requests' medians.
func (a *among) cost() (sum time.Duration) {
	for i, took := range a.took {
		if i != passwordRequest {
			sum += median(took)
		}
	}
	return sum
}
