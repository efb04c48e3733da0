// People to sign in: each with a password and an authenticator app, put into the database directly.
package main

import (
	"context"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/password"
	"woggle/internal/signin"
)

// commonPassword is everybody's, so that one hash serves all; each row is sealed for itself.
const commonPassword = "seven-quiet-otters-paddle"

// person is one of the made people, and the time step of the code with which they sign in.
type person struct {
	number int
	step   int64
}

func (p person) name() string { return fmt.Sprintf("member%07d", p.number) }

// secret is the key of the person's authenticator app. It follows from the number, so that a million need no memory.
func (p person) secret() []byte {
	sum := sha1.Sum(binary.BigEndian.AppendUint64([]byte("bench"), uint64(p.number)))
	return sum[:]
}

// people hands out who signs in next. Nobody can sign in twice with the code of one time step, so there must be enough
// of them for the rate.
type people struct {
	mu    sync.Mutex
	count int
	taken int
	last  map[int]int64 // the step of the last code
}

func newPeople(count int) *people { return &people{count: count, last: map[int]int64{}} }

// stride spreads those who come one after the other over all people. It is prime, so that everybody's turn comes.
const stride = 611953

var errTooFew = errors.New("there are too few people for so many sign-ins")

func (p *people) take() (person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	number, now := p.taken*stride%p.count, stepNow()
	p.taken++
	step := max(now, p.last[number]+1)
	if step > now+1 {
		return person{}, errTooFew
	}
	p.last[number] = step
	return person{number, step}, nil
}

// batch is how many people go into one transaction.
const batch = 5000

// makePeople puts count people into an empty, migrated database. Each has signed in a year ago, and the trail has it. Nobody is asked
// for another way in on the way, which would be a walk of another length.
func makePeople(ctx context.Context, d *db.DB, ring *keys.Ring, count int) error {
	hash, err := password.NewHasher(0, 0).Hash(ctx, commonPassword)
	if err != nil {
		return err
	}
	err = d.Tx(ctx, func(tx *db.Tx) error {
		return signin.SetPolicy(tx, audit.System, signin.Policy{Nudge: signin.Campaign{Off: true}})
	})
	if err != nil {
		return err
	}
	for from := 0; from < count; from += batch {
		err := d.Tx(ctx, func(tx *db.Tx) error {
			return addPeople(tx, ring, hash, from, min(from+batch, count))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func addPeople(tx *db.Tx, ring *keys.Ring, hash string, from, to int) error {
	users := table{name: "users", columns: []string{"id", "username", "username_key", "email", "email_key", "given_name",
		"family_name", "created_at", "signed_in_at"}}
	methods := table{name: "methods", columns: []string{"id", "user_id", "kind", "name", "secret", "preferred", "created_at"}}
	events := table{name: "audit_events", columns: []string{"id", "at", "type", "actor", "user_id", "address", "agent", "detail"}}
	then := tx.Now.Add(-365 * 24 * time.Hour).UnixMilli()
	for number := from; number < to; number++ {
		p, id := person{number: number}, db.NewID()
		mail := p.name() + "@northwold.example"
		users.add(id, p.name(), directory.Canonical(p.name()), mail, directory.Canonical(mail), "Robin", "Marsh", then, then)
		for _, m := range []signin.Enrolled{password.Row(ring, id, hash), authenticator.Row(ring, id, "Phone", p.secret(), 0)} {
			methods.add(m.ID, id, string(m.Kind), m.Name, m.Secret, m.Kind == signin.Authenticator, then)
		}
		events.add(db.NewID(), then, string(audit.SignedIn), id, id, "192.0.2.1", "Firefox · Windows", "{}")
	}
	return errors.Join(users.insert(tx), methods.insert(tx), events.insert(tx))
}

// table collects rows to be inserted many at a time.
type table struct {
	name    string
	columns []string
	values  []any
}

func (t *table) add(values ...any) { t.values = append(t.values, values...) }

// insert writes the rows, 100 a statement: far below the bounds that the engines set to placeholders.
func (t *table) insert(tx *db.Tx) error {
	width := len(t.columns)
	for chunk := range slices.Chunk(t.values, 100*width) {
		var query strings.Builder
		query.WriteString("INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES ")
		for i := range chunk {
			switch {
			case i%width > 0:
				query.WriteString(", $")
			case i > 0:
				query.WriteString("), ($")
			default:
				query.WriteString("($")
			}
			query.WriteString(strconv.Itoa(i + 1))
		}
		query.WriteString(")")
		if _, err := tx.Exec(query.String(), chunk...); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}
