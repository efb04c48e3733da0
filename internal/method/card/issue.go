// Making cards, and ending them.
package card

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

// Most is how many codes a card has at most.
const Most = 12

// Longest is how long a card may work.
const Longest = 366 * 24 * time.Hour

// Card is a new card, with its codes, which are shown this once.
type Card struct {
	ID     string
	Number string   // by which its owner tells it from others: "7K"
	Codes  []string // in the order of their numbers
}

// Issue makes a card for the user, whom the caller holds (directory.Hold), that works from one moment until another. It is recorded;
// telling is the caller's. Its error is Invalid for times and counts that make no sense, or where there are as many cards as there may be.
func Issue(tx *db.Tx, ring *keys.Ring, actor string, user directory.User, from, until time.Time, codes int) (Card, error) {
	switch {
	case codes < 1 || codes > Most:
		return Card{}, problem.New(problem.Invalid, "card.codes", problem.Args{"most": Most})
	case !until.After(from) || !until.After(tx.Now) || until.Sub(from) > Longest:
		return Card{}, problem.New(problem.Invalid, "card.times")
	case user.Frozen():
		return Card{}, problem.New(problem.Forbidden, "signin.refused.frozen")
	}
	others, err := current(tx, user.ID)
	if err != nil {
		return Card{}, err
	}
	if len(others) >= signin.Card.Most() {
		return Card{}, problem.New(problem.Invalid, "card.too-many", problem.Args{"count": signin.Card.Most()})
	}
	made := Card{ID: db.NewID(), Number: newNumber(others)}
	data, err := json.Marshal(settings{Codes: int64(codes)})
	if err != nil {
		return Card{}, err
	}
	for n := range codes {
		made.Codes = append(made.Codes, ring.Code(digits, place(made.ID, int64(n+1))))
	}
	err = signin.InsertMethod(tx, signin.Enrolled{ID: made.ID, User: user.ID, Kind: signin.Card, Hint: made.Number, Secret: []byte{},
		Data: string(data), StartsAt: from, ExpiresAt: until})
	if err != nil {
		return Card{}, err
	}
	return made, audit.Record(tx, audit.Event{Type: audit.CardIssued, Actor: actor, User: user.ID, Detail: audit.Detail{"method": string(signin.Card), "hint": made.Number}})
}

// current are the user's cards whose time is not over.
func current(tx *db.Tx, user string) ([]signin.Enrolled, error) {
	all, err := signin.Cards(tx, user)
	var left []signin.Enrolled
	for _, e := range all {
		if e.ExpiresAt.After(tx.Now) {
			left = append(left, e)
		}
	}
	return left, err
}

// newNumber is one that none of the others has. It is no secret.
func newNumber(others []signin.Enrolled) string {
	taken := map[string]bool{}
	for _, e := range others {
		taken[e.Hint] = true
	}
	const first, second = "23456789", "ABCDEFGHJKMNPQRSTUVWXYZ"
	for {
		number := fmt.Sprintf("%c%c", first[rand.IntN(len(first))], second[rand.IntN(len(second))])
		if !taken[number] {
			return number
		}
	}
}

// Find gives the user's card with the number, whenever it works.
func Find(tx *db.Tx, user, number string) (signin.Enrolled, error) {
	all, err := signin.Cards(tx, user)
	if err != nil {
		return signin.Enrolled{}, err
	}
	for i := len(all) - 1; i >= 0; i-- { // the newest, should a number have come again
		if all[i].Hint == number {
			return all[i], nil
		}
	}
	return signin.Enrolled{}, problem.New(problem.NotFound, "card.none", problem.Args{"card": number})
}

// Revoke ends a card of the user, whom the caller holds: it is lost, or in wrong hands. Telling and the sessions that may have been
// made with it are the caller's.
func Revoke(tx *db.Tx, actor string, user directory.User, e signin.Enrolled) error {
	if _, err := signin.DeleteMethod(tx, user.ID, e.ID); err != nil {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.CardRevoked, Actor: actor, User: user.ID, Detail: audit.Detail{"method": string(signin.Card), "hint": e.Hint}})
}
