// What apps ask among few and among very many people and grants.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"woggle/internal/db/dbtest"
)

// grantGrowth is what is aimed for: how much more a question costs among very many grants than among few.
const grantGrowth = 1.3

// grantsEach is how many grants everybody has.
const grantsEach = 10

// measureGrants lets people sign in to an app, and the app ask its questions, in turns among few people and among many with
// grants of their own, on one connection to each of two servers, on PostgreSQL.
func (b *bench) measureGrants(ctx context.Context) error {
	address, stop, err := dbtest.StartCluster()
	if errors.Is(err, dbtest.ErrMissing) {
		b.add(row{what: "apps among many grants", measured: "PostgreSQL is not installed", met: "?"})
		return nil
	}
	if err != nil {
		return err
	}
	defer stop()
	var sides [2]*granted
	for i, count := range []int{b.few, b.many} {
		database, err := createDatabase(ctx, address, fmt.Sprintf("grants%d", count))
		if err != nil {
			return err
		}
		if sides[i], err = b.granted(ctx, database, count); err != nil {
			return err
		}
		defer sides[i].p.stop()
	}
	b.say("%d pairs of sign-ins to an app", b.pairs)
	const warm = 5
	for pair := range b.pairs + warm {
		for _, one := range sides {
			if err := one.turn(pair >= warm); err != nil {
				return err
			}
		}
	}
	for i, what := range askedOf {
		small, large := median(sides[0].took[i]), median(sides[1].took[i])
		ratio := float64(large) / float64(small)
		b.add(row{what: fmt.Sprintf("%s among %d people and %d grants", what, b.many, grantsEach*b.many), measured: milliseconds(large),
			yardstick: fmt.Sprintf("among %d: %s", b.few, milliseconds(small)), ratio: fmt.Sprintf("%.2f", ratio),
			aim: fmt.Sprintf("≤ %.1f", grantGrowth), met: verdict(ratio <= grantGrowth)})
	}
	return nil
}

// askedOf is what is asked in a turn.
var askedOf = [...]string{"sign-in to an app", "userinfo", "introspection", "refresh"}

// granted is a server with so many people and grants, and how long each question took.
type granted struct {
	people *people
	p      *process
	client client
	took   [len(askedOf)][]time.Duration
}

func (b *bench) granted(ctx context.Context, database string, count int) (*granted, error) {
	b.say("making %d people and %d grants", count, grantsEach*count)
	s, err := b.newSite(database)
	if err != nil {
		return nil, err
	}
	if err := s.fill(ctx, count); err != nil {
		return nil, err
	}
	clients, err := s.registerClients(ctx, "RS256")
	if err != nil {
		return nil, err
	}
	if err := makeGrants(ctx, database, clients["RS256"].id); err != nil {
		return nil, err
	}
	p, err := b.serve(ctx, s)
	return &granted{people: newPeople(count), p: p, client: clients["RS256"]}, err
}

// makeGrants gives everybody a session at the app, and grants that may be refreshed for months.
func makeGrants(ctx context.Context, database, app string) error {
	c, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	now := time.Now().UnixMilli()
	later := time.Now().Add(80 * 24 * time.Hour).UnixMilli()
	if _, err := c.Exec(ctx, `INSERT INTO visits (id, session_id, user_id, app_id, epoch, offline, created_at, expires_at)
		SELECT gen_random_uuid()::text, gen_random_uuid()::text, id, $1, epoch, TRUE, $2, $3 FROM users`, app, now, later); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, `INSERT INTO oidc_grants (id, app_id, visit_id, user_id, offline, scope, terms, code_until, redeemed_at, generation,
			rotated_at, idle_until, ends_at, sweep_at)
		SELECT gen_random_uuid()::text, $1, v.id, v.user_id, TRUE, 'openid offline_access', '{}', $2, $2, 1, $2, $3, $3, $3
		FROM visits v CROSS JOIN generate_series(1, $4::int)`, app, now, later, grantsEach); err != nil {
		return err
	}
	return settleDatabase(ctx, database)
}

// turn signs the next person in to the app, and lets it ask.
func (g *granted) turn(keep bool) error {
	p, err := g.people.take()
	if err != nil {
		return err
	}
	person := newBrowser(g.p.address)
	defer person.close()
	if err := person.signIn(p); err != nil {
		return err
	}
	r := newRota(g.client, person)
	defer r.machine.close()
	if err := r.signIn(); err != nil { // the connections are open, the statements known
		return err
	}
	for i, ask := range []func() error{r.signIn, r.userinfo, r.introspect, r.refresh} {
		began := time.Now()
		if err := ask(); err != nil {
			return fmt.Errorf("%s: %w", askedOf[i], err)
		}
		if took := time.Since(began); keep {
			g.took[i] = append(g.took[i], took)
		}
	}
	return nil
}
