package message

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
	"woggle/internal/message/bill"
)

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
			if r := look(t, d, id); r.route != "second" || first.count() != 1 || second.count() != 1 || mail.count() != 0 {
				t.Errorf("sent by %s; first was asked %d times, second %d, mail %d", r.route, first.count(),
					second.count(), mail.count())
			}
		})
	}
}

// rounds lets time pass by the second and notes when the routes were asked.
func rounds(t *testing.T, o *Outbox, clock *dbtest.Clock, p *provider, step, last time.Duration) (at []time.Duration) {
	t.Helper()
	start, before := clock.Now(), p.count()
	for clock.Now().Sub(start) <= last {
		drain(t, o)
		if p.count() > before {
			at, before = append(at, clock.Now().Sub(start)), p.count()
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
	at := rounds(t, o, clock, first, time.Second, 2*time.Minute)
	if len(at) != 12 || at[0] != 0 || at[1] != 5*time.Second || at[11] != 55*time.Second {
		t.Errorf("tried after %v", at)
	}
	if second.count() != 1 {
		t.Errorf("a route that never will take it was asked %d times", second.count())
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
	if first.count() != 2 || second.count() != 2 {
		t.Errorf("first was asked %d times, second %d", first.count(), second.count())
	}
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
	if second.count() != 0 {
		t.Error("an expired code was sent")
	}
}

func TestTheLogKeepsNoSecret(t *testing.T) {
	d, clock := dbtest.Open(t)
	var log bytes.Buffer
	repeat := func(_ context.Context, m Message) error {
		return fmt.Errorf("550 <%s> (%s, %s) refused: %s %s", strings.ToLower(m.To), strings.TrimPrefix(m.To, "+"), m.Name, m.Code, m.Body)
	}
	phone := &provider{name: "all", serves: []Channel{SMS, Voice, Email}, answer: repeat}
	o := New(d, keys.Random(), bill.Limits{}, slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	o.Use(routesOf(phone), Hooks{})
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
