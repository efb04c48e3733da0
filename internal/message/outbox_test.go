package message

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
)

// provider is a route that does what a test tells it.
type provider struct {
	name   string
	serves []Channel
	answer func(ctx context.Context, m Message) error // nil takes everything

	mu  sync.Mutex
	got []Message // in the order in which they were handed over, taken or not
}

func (p *provider) Name() string        { return p.name }
func (p *provider) Channels() []Channel { return p.serves }

func (p *provider) Send(ctx context.Context, m Message) (string, error) {
	p.mu.Lock()
	p.got = append(p.got, m)
	p.mu.Unlock()
	if p.answer != nil {
		if err := p.answer(ctx, m); err != nil {
			return "", err
		}
	}
	return p.name + "-" + m.ID, nil
}

// times counts how often each body was handed over.
func (p *provider) times() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	times := map[string]int{}
	for _, m := range p.got {
		times[m.Body]++
	}
	return times
}

func (p *provider) bodies() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.got {
		all = append(all, m.Body)
	}
	return all
}

// phones is a provider of texts and calls.
func phones(name string, answer func(ctx context.Context, m Message) error) *provider {
	return &provider{name: name, serves: []Channel{SMS, Voice}, answer: answer}
}

var errBusy = errors.New("busy")

func busy(context.Context, Message) error { return errBusy }
func gone(context.Context, Message) error { return Permanent(errors.New("no such number")) }

func hang(ctx context.Context, _ Message) error {
	<-ctx.Done()
	return ctx.Err()
}

// node is an outbox as one more server would have it, over the same table and with the same key file.
func node(d *db.DB, ring *keys.Ring, routes ...Route) *Outbox {
	return New(d, ring, routes, slog.New(slog.DiscardHandler))
}

func text(purpose Purpose, body string, life time.Duration, now time.Time) Message {
	return Message{Channel: SMS, Purpose: purpose, User: "user", Challenge: "challenge", To: "+447700900123", Body: body,
		ExpiresAt: now.Add(life)}
}

func enqueue(t *testing.T, d *db.DB, o *Outbox, messages ...Message) (ids []string) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		ids = nil
		for _, m := range messages {
			id, err := o.Enqueue(tx, m)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func drain(t *testing.T, o *Outbox) {
	t.Helper()
	if err := o.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// row is what the table says of a message.
type row struct {
	state, route, receipt, hint string
	sealed                      []byte
	tries                       int64
}

func look(t *testing.T, d *db.DB, id string) (r row) {
	t.Helper()
	err := d.View(t.Context(), func(tx *db.Tx) error {
		return tx.Row("SELECT state, route, receipt, hint, sealed, tries FROM messages WHERE id = $1", []any{id},
			&r.state, &r.route, &r.receipt, &r.hint, &r.sealed, &r.tries)
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// final checks that a message ended in the state and that nothing of it is left.
func final(t *testing.T, d *db.DB, id, state string) {
	t.Helper()
	if r := look(t, d, id); r.state != state || r.sealed != nil {
		t.Errorf("the message is %s with %d bytes of content; want %s with none", r.state, len(r.sealed), state)
	}
}

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
		final(t, d, id, sent)
		if r := look(t, d, id); r.route != "phones" || r.receipt != "phones-"+id {
			t.Errorf("sent by %q with receipt %q", r.route, r.receipt)
		}
		got := phone.got[0]
		if got.ID != id || got.To != sentMessage.To || got.Body != sentMessage.Body || got.Hint != "•••123" {
			t.Errorf("the route got %+v", got)
		}
		drain(t, o)
		if len(phone.got) != 1 {
			t.Errorf("sent %d times", len(phone.got))
		}
		found := false
		err := d.View(t.Context(), func(tx *db.Tx) (err error) {
			user, challenge, ok, err := Receipt(tx, "phones", "phones-"+id)
			found = ok && user == "user" && challenge == "challenge"
			return err
		})
		if err != nil || !found {
			t.Errorf("the message is not found by its receipt (%v)", err)
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
		if len(phone.got) != 0 || len(o.lanes[0].wake) != 0 {
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
		{Code, 5 * time.Minute, 8 * time.Second, sent, 1},
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
			phone, ring := phones("phones", nil), keys.Random()
			dead, alive := node(d, ring, phone), node(d, ring, phone)
			id := enqueue(t, d, dead, text(story.purpose, "text", story.life, clock.Now()))[0]
			if _, wait, err := dead.claim(t.Context(), dead.laneOf(story.purpose)); wait != 0 || err != nil {
				t.Fatal("nothing was claimed", wait, err)
			}
			clock.Advance(story.after)
			drain(t, alive)
			r := look(t, d, id)
			if r.state != story.want || (r.state == sending) != (r.sealed != nil) || len(phone.got) != story.sends {
				t.Errorf("a %s of %s, %s later: %s after %d sends, with %d bytes of content; want %s after %d",
					story.purpose, story.life, story.after, r.state, len(phone.got), len(r.sealed), story.want, story.sends)
			}
			clock.Advance(24 * time.Hour)
			drain(t, alive) // leaves nothing to the next story
		}
	})
}

// A node that was only slow must not undo what the one that took over has written.
func TestALateOutcomeIsNotWritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		phone, ring := phones("phones", nil), keys.Random()
		slow, quick := node(d, ring, phone), node(d, ring, phone)
		id := enqueue(t, d, slow, text(Code, "code", 5*time.Minute, clock.Now()))[0]
		late, _, err := slow.claim(t.Context(), slow.lanes[0])
		if err != nil {
			t.Fatal(err)
		}
		clock.Advance(20 * time.Second)
		drain(t, quick)
		slow.deliver(t.Context(), slow.lanes[0], late) // its lease is over, so it does not even call the route
		final(t, d, id, sent)
		if r := look(t, d, id); len(phone.got) != 1 || r.tries != 2 {
			t.Errorf("sent %d times, %d tries", len(phone.got), r.tries)
		}
	})
}

func TestTheNextRouteTakesWhatTheFirstDoesNot(t *testing.T) {
	for name, answer := range map[string]func(context.Context, Message) error{
		"busy": busy, "gone": gone, "broken": func(context.Context, Message) error { panic("a fault of the route") },
	} {
		t.Run(name, func(t *testing.T) {
			d, clock := dbtest.Open(t)
			first, second := phones("first", answer), phones("second", nil)
			mail := &provider{name: "mail", serves: []Channel{Email}}
			o := node(d, keys.Random(), mail, first, second)
			id := enqueue(t, d, o, text(Code, "code", time.Minute, clock.Now()))[0]
			drain(t, o)
			final(t, d, id, sent)
			if r := look(t, d, id); r.route != "second" || len(first.got) != 1 || len(second.got) != 1 || len(mail.got) != 0 {
				t.Errorf("sent by %s; first was asked %d times, second %d, mail %d", r.route, len(first.got),
					len(second.got), len(mail.got))
			}
		})
	}
}

// rounds lets time pass by the second and notes when the routes were asked.
func rounds(t *testing.T, o *Outbox, clock *dbtest.Clock, p *provider, step, last time.Duration) (at []time.Duration) {
	t.Helper()
	start, before := clock.Now(), len(p.got)
	for clock.Now().Sub(start) <= last {
		drain(t, o)
		if len(p.got) > before {
			at, before = append(at, clock.Now().Sub(start)), len(p.got)
		}
		clock.Advance(step)
	}
	return at
}

func TestACodeThatNobodyTakesIsTriedForAMinute(t *testing.T) {
	d, clock := dbtest.Open(t)
	first, second := phones("first", busy), phones("second", gone)
	o := node(d, keys.Random(), first, second)
	id := enqueue(t, d, o, text(Code, "code", 5*time.Minute, clock.Now()))[0]
	at := rounds(t, o, clock, second, time.Second, 2*time.Minute)
	if len(at) != 12 || at[0] != 0 || at[1] != 5*time.Second || at[11] != 55*time.Second {
		t.Errorf("tried after %v", at)
	}
	final(t, d, id, failed)
}

func TestACodeIsNotTriedAfterItsEnd(t *testing.T) {
	d, clock := dbtest.Open(t)
	first := phones("first", busy)
	o := node(d, keys.Random(), first)
	id := enqueue(t, d, o, text(Code, "code", 12*time.Second, clock.Now()))[0]
	at := rounds(t, o, clock, first, time.Second, time.Minute)
	if want := []time.Duration{0, 5 * time.Second, 10 * time.Second}; !slices.Equal(at, want) {
		t.Errorf("tried after %v; want %v", at, want)
	}
	final(t, d, id, failed)
}

func TestANoticeIsTriedForADay(t *testing.T) {
	d, clock := dbtest.Open(t)
	first := phones("first", busy)
	o := node(d, keys.Random(), first)
	notice := text(Notice, "notice", 0, clock.Now())
	notice.ExpiresAt = time.Time{}
	id := enqueue(t, d, o, notice)[0]
	at := rounds(t, o, clock, first, time.Minute, 26*time.Hour)
	want := []time.Duration{0, time.Minute, 6 * time.Minute, 36 * time.Minute, 156 * time.Minute, 276 * time.Minute}
	if len(at) < 6 || !slices.Equal(at[:6], want) || at[len(at)-1] > 24*time.Hour || at[len(at)-1] < 22*time.Hour {
		t.Errorf("tried after %v", at)
	}
	final(t, d, id, failed)
}

func TestWhatIsHopelessIsGivenUpAtOnce(t *testing.T) {
	d, clock := dbtest.Open(t)
	first, second := phones("first", gone), phones("second", gone)
	o := node(d, keys.Random(), first, second)
	for _, purpose := range []Purpose{Code, Notice} {
		id := enqueue(t, d, o, text(purpose, string(purpose), time.Hour, clock.Now()))[0]
		drain(t, o)
		final(t, d, id, failed)
	}
	if len(first.got) != 2 || len(second.got) != 2 {
		t.Errorf("first was asked %d times, second %d", len(first.got), len(second.got))
	}
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

func TestAMessageThatExpiresAtTheFirstRouteNeverReachesTheSecond(t *testing.T) {
	d, clock := dbtest.Open(t)
	first := phones("first", func(context.Context, Message) error {
		clock.Advance(2 * time.Second)
		return errBusy
	})
	second := phones("second", nil)
	o := node(d, keys.Random(), first, second)
	id := enqueue(t, d, o, text(Code, "code", 2*time.Second, clock.Now()))[0]
	drain(t, o)
	final(t, d, id, expired)
	if len(second.got) != 0 {
		t.Error("an expired code was sent")
	}
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

func TestTheLogKeepsNoSecret(t *testing.T) {
	d, clock := dbtest.Open(t)
	var log bytes.Buffer
	repeat := func(_ context.Context, m Message) error {
		return fmt.Errorf("550 <%s> (%s, %s) refused: %s %s", strings.ToLower(m.To), strings.TrimPrefix(m.To, "+"), m.Name, m.Code, m.Body)
	}
	phone := &provider{name: "all", serves: []Channel{SMS, Voice, Email}, answer: repeat}
	o := New(d, keys.Random(), []Route{phone}, slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	call := text(Code, "", time.Minute, clock.Now())
	call.Channel, call.Code, call.Name = Voice, "918273", "Angharad"
	mail := text(Notice, "", time.Hour, clock.Now())
	mail.Channel, mail.To, mail.Subject, mail.Paragraphs = Email, "Angharad@members.example", "Hello", []string{"You are in."}
	enqueue(t, d, o, text(Code, "your code is 192837", time.Minute, clock.Now()), call, mail)
	for range 20 {
		drain(t, o)
		clock.Advance(5 * time.Second)
	}
	for _, secret := range []string{"7700900123", "918273", "192837", "ngharad"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
	if !strings.Contains(log.String(), "message given up") || !strings.Contains(log.String(), "550") {
		t.Errorf("the log does not say what happened:\n%s", log.String())
	}
}
