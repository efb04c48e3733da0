package message

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
)

func TestAMessageIsSealedUntilItIsSentAndThenEmptied(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		phone := phones("phones", nil)
		o := node(d, keys.Random(), phone)
		sentMessage := text(Code, "123456 is your code", 5*time.Minute, clock.Now())
		id := enqueue(t, d, o, sentMessage)[0]

		r := look(t, d, id)
		if r.state != queued || len(r.sealed) == 0 {
			t.Fatalf("after the commit: %+v", r)
		}
		for _, secret := range []string{"123456", "7700900123", "is your code"} {
			if bytes.Contains(r.sealed, []byte(secret)) || strings.Contains(r.hint, secret) {
				t.Errorf("%q can be read in the table", secret)
			}
		}
		if r.hint != "•••123" {
			t.Errorf("hint = %q", r.hint)
		}

		drain(t, o)
		if r := look(t, d, id); r.state != sent || r.sealed == nil {
			t.Errorf("a code that may have to go by another route is %s, with %d bytes of content", r.state, len(r.sealed))
		}
		if r := look(t, d, id); r.route != "phones" || r.receipt != "phones-"+id {
			t.Errorf("sent by %q with receipt %q", r.route, r.receipt)
		}
		got := phone.got[0]
		if got.ID != id || got.To != sentMessage.To || got.Body != sentMessage.Body || got.Hint != "•••123" || got.Locale != "en" {
			t.Errorf("the route got %+v", got)
		}
		drain(t, o)
		if phone.count() != 1 {
			t.Errorf("sent %d times", phone.count())
		}
		if err := o.Desk("phones").Report(t.Context(), Report{Receipt: "phones-" + id, Event: Delivered}); err != nil {
			t.Errorf("the message is not found by its receipt: %v", err)
		}
	})
}

func TestNothingIsSentOfATransactionThatFailed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		phone := phones("phones", nil)
		o := node(d, keys.Random(), phone)
		changedMind := errors.New("changed my mind")
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			if _, err := o.Enqueue(tx, text(Code, "code", time.Minute, clock.Now())); err != nil {
				return err
			}
			return changedMind
		})
		if !errors.Is(err, changedMind) {
			t.Fatal(err)
		}
		drain(t, o)
		if phone.count() != 0 || len(o.lanes[0].wake) != 0 {
			t.Error("something of it was sent, or the sender was woken")
		}
	})
}

func TestTheMostUrgentGoesFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		phone := phones("phones", nil)
		o := node(d, keys.Random(), phone)
		for _, m := range []Message{{Purpose: Notice, Body: "notice"}, {Purpose: Link, Body: "link"}, {Purpose: Code, Body: "old code"},
			{Purpose: Pass, Body: "pass"}, {Purpose: Code, Body: "new code"}} {
			enqueue(t, d, o, text(m.Purpose, m.Body, time.Hour, clock.Now()))
			clock.Advance(time.Second)
		}
		drain(t, o)
		want := []string{"old code", "new code", "link", "pass", "notice"}
		if got := phone.bodies(); !slices.Equal(got, want) {
			t.Errorf("sent in the order %q; want %q", got, want)
		}
	})
}

func TestTwoNodesNeverSendTheSameMessage(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres", "postgres-serializable"} {
		t.Run(engine, func(t *testing.T) {
			url, clock, ring := dbtest.NewURL(t, engine), dbtest.NewClock(), keys.Random()
			one, two := dbtest.Connect(t, url, clock), dbtest.Connect(t, url, clock)
			phone := phones("phones", nil)
			nodes := []*Outbox{node(one, ring, phone), node(two, ring, phone), node(one, ring, phone), node(two, ring, phone)}
			const messages = 120
			for i := range messages {
				purpose := []Purpose{Code, Notice}[i%2]
				enqueue(t, one, nodes[0], text(purpose, fmt.Sprint("message ", i), time.Hour, clock.Now()))
			}
			var all sync.WaitGroup
			for _, o := range nodes {
				all.Go(func() {
					if err := o.Drain(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			times := phone.times()
			for body, n := range times {
				if n != 1 {
					t.Errorf("%s was sent %d times", body, n)
				}
			}
			if len(times) != messages {
				t.Errorf("%d of %d were sent", len(times), messages)
			}
		})
	}
}

// A node that dies with a message leaves a claim behind (threat T29).
func TestTheClaimOfADeadNodeIsTakenOver(t *testing.T) {
	const tick = time.Millisecond
	stories := []struct {
		purpose     Purpose
		life, after time.Duration
		want        string
		sends       int
	}{
		{Code, 5 * time.Minute, 8*time.Second - tick, sending, 0}, // it may be alive: one route of 3 s, 5 s to write it down
		{Code, 5 * time.Minute, 8 * time.Second, sent, 1},         // by the other route: by the first it may have gone out
		{Code, 5 * time.Minute, time.Minute - tick, sent, 1},
		{Code, 5 * time.Minute, time.Minute, failed, 0}, // the person has asked for another by now
		{Code, 5 * time.Minute, 6 * time.Minute, expired, 0},
		{Code, 20 * time.Second, 20 * time.Second, expired, 0},
		{Pass, 5 * time.Minute, 5*time.Minute - tick, sent, 1},
		{Pass, 5 * time.Minute, 5 * time.Minute, expired, 0}, // its last moment is over
		{Notice, 24 * time.Hour, 35*time.Second - tick, sending, 0},
		{Notice, 24 * time.Hour, 35 * time.Second, sent, 1},
		{Notice, 24 * time.Hour, 23 * time.Hour, sent, 1}, // better twice than never
		{Notice, 24 * time.Hour, 24 * time.Hour, expired, 0},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		for _, story := range stories {
			first, phone, ring := phones("first", nil), phones("phones", nil), keys.Random()
			if story.purpose != Code {
				first = phone
			}
			dead, alive := node(d, ring, first, phone), node(d, ring, first, phone)
			id := enqueue(t, d, dead, text(story.purpose, "text", story.life, clock.Now()))[0]
			if _, wait, err := dead.claim(t.Context(), dead.laneOf(story.purpose.priority()), 1); wait != 0 || err != nil {
				t.Fatal("nothing was claimed", wait, err)
			}
			clock.Advance(story.after)
			drain(t, alive)
			r := look(t, d, id)
			if kept := r.state == sending || r.state == sent && story.purpose == Code; r.state != story.want || kept != (r.sealed != nil) || phone.count() != story.sends {
				t.Errorf("a %s of %s, %s later: %s after %d sends, with %d bytes of content; want %s after %d",
					story.purpose, story.life, story.after, r.state, phone.count(), len(r.sealed), story.want, story.sends)
			}
			clock.Advance(24 * time.Hour)
			drain(t, alive) // leaves nothing to the next story
		}
	})
}

// A node that was only slow must not undo what the one that took over has written.
func TestALateOutcomeIsNotWritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		first, phone, ring := phones("first", nil), phones("phones", nil), keys.Random()
		slow, quick := node(d, ring, first, phone), node(d, ring, first, phone)
		id := enqueue(t, d, slow, text(Code, "code", 5*time.Minute, clock.Now()))[0]
		late, _, err := slow.claim(t.Context(), slow.lanes[0], 1)
		if err != nil {
			t.Fatal(err)
		}
		clock.Advance(20 * time.Second)
		drain(t, quick)
		slow.deliver(t.Context(), slow.lanes[0], late[0]) // its lease is over, so it does not even call the route
		final(t, d, id, sent)
		if r := look(t, d, id); first.count() != 0 || phone.count() != 1 || r.tries != 3 {
			t.Errorf("sent %d times and %d times, %d tries", first.count(), phone.count(), r.tries)
		}
	})
}

func TestWhatIsTooLateIsNotSent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		phone := phones("phones", nil)
		o := node(d, keys.Random(), phone)
		ids := enqueue(t, d, o, text(Code, "code", time.Minute, clock.Now()), text(Notice, "notice", time.Hour, clock.Now()))
		clock.Advance(time.Minute)
		drain(t, o)
		final(t, d, ids[0], expired)
		final(t, d, ids[1], sent)
		if !slices.Equal(phone.bodies(), []string{"notice"}) {
			t.Errorf("sent: %q", phone.bodies())
		}
	})
}

func TestWhatIsUnderWayAtItsEndIsLeftAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		ring := keys.Random()
		other := node(d, ring, phones("other", nil))
		slow := phones("slow", func(context.Context, Message) error {
			clock.Advance(2 * time.Second)
			return other.Drain(t.Context())
		})
		o := node(d, ring, slow)
		id := enqueue(t, d, o, text(Code, "code", time.Second, clock.Now()))[0]
		drain(t, o)
		if r := look(t, d, id); r.state != sent || r.route != "slow" {
			t.Errorf("%s by %q", r.state, r.route)
		}
	})
}

func TestAnotherKeyOrRowMakesNoMessage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		phone := phones("phones", nil)
		o := node(d, keys.Random(), phone)
		ids := enqueue(t, d, o, text(Notice, "mine", time.Hour, clock.Now()), text(Notice, "theirs", time.Hour, clock.Now()))
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE messages SET sealed = (SELECT sealed FROM messages WHERE id = $1) WHERE id = $2`, ids[0], ids[1])
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		drain(t, o)
		final(t, d, ids[0], sent)
		final(t, d, ids[1], failed)
	})
}

func TestEnqueueRefusesWhatCannotBeSent(t *testing.T) {
	d, clock := dbtest.Open(t)
	o := node(d, keys.Random(), phones("phones", nil), &provider{name: "mail", serves: []Channel{Email}})
	good := text(Code, "code", time.Minute, clock.Now())
	for name, spoil := range map[string]func(*Message){
		"no recipient":        func(m *Message) { m.To = "" },
		"two lines":           func(m *Message) { m.To = "+447700900123\r\nBcc: all" },
		"no text":             func(m *Message) { m.Body = "" },
		"a call without code": func(m *Message) { m.Channel = Voice },
		"an empty letter":     func(m *Message) { m.Channel = Email },
		"an endless code":     func(m *Message) { m.ExpiresAt = time.Time{} },
		"no route":            func(m *Message) { m.Channel = "pigeon" },
	} {
		m := good
		spoil(&m)
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := o.Enqueue(tx, m)
			return err
		})
		if err == nil {
			t.Errorf("%s: was queued", name)
		}
	}
	if !o.Serves(SMS) || !o.Serves(Email) || o.Serves("pigeon") {
		t.Error("Serves is wrong")
	}
}

func TestSweepForgetsOnlyWhatIsOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		picky := phones("picky", func(_ context.Context, m Message) error {
			if m.Body == "wait" {
				return errBusy
			}
			return nil
		})
		o := node(d, keys.Random(), picky)
		enqueue(t, d, o, text(Notice, "done", 100*24*time.Hour, clock.Now()), text(Notice, "wait", 100*24*time.Hour, clock.Now()))
		drain(t, o)
		clock.Advance(91 * 24 * time.Hour)
		enqueue(t, d, o, text(Notice, "new", time.Hour, clock.Now()))
		var left int
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			if err := Sweep(tx, 90*24*time.Hour); err != nil {
				return err
			}
			return tx.Row("SELECT count(*) FROM messages", nil, &left)
		})
		if err != nil || left != 2 {
			t.Errorf("%d are left; want the one that waits and the new one (%v)", left, err)
		}
	})
}
