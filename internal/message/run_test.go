package message

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/message/bill"
)

// world runs a story in a time of its own, in which waiting takes no time, over one SQLite database.
func world(t *testing.T, story func(t *testing.T, d *db.DB)) {
	synctest.Test(t, func(t *testing.T) {
		d, err := db.Open("sqlite:"+filepath.Join(t.TempDir(), "woggle.db"), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		story(t, d)
	})
}

// start runs the outbox and returns what stops it and waits for its end.
func start(t *testing.T, o *Outbox) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		o.Run(ctx)
		close(done)
	}()
	return func() {
		cancel()
		<-done
	}
}

// pass lets time go on and everything that it brings happen.
func pass(d time.Duration) {
	time.Sleep(d) // of the bubble: takes no time
	synctest.Wait()
}

func TestSendingStartsWithTheCommit(t *testing.T) {
	world(t, func(t *testing.T, d *db.DB) {
		phone := phones("phones", nil)
		o := node(d, keys.Random(), phone)
		defer start(t, o)()
		for i := range 3 {
			synctest.Wait()
			before := time.Now()
			id := enqueue(t, d, o, text(Code, fmt.Sprint(i), time.Minute, time.Now()))[0]
			synctest.Wait()
			final(t, d, id, sent)
			if waited := time.Since(before); waited != 0 {
				t.Errorf("the sending waited for %s", waited)
			}
			pass(17 * time.Second)
		}
	})
}

func TestAHangingProviderCostsThreeSeconds(t *testing.T) {
	world(t, func(t *testing.T, d *db.DB) {
		first, second := phones("first", hang), phones("second", nil)
		o := node(d, keys.Random(), first, second)
		defer start(t, o)()
		id := enqueue(t, d, o, text(Code, "code", 5*time.Minute, time.Now()))[0]
		pass(3*time.Second - 1)
		if r := look(t, d, id); r.state != sending {
			t.Fatalf("the message is %s already", r.state)
		}
		pass(1)
		final(t, d, id, sent)
		if r := look(t, d, id); r.route != "second" {
			t.Errorf("sent by %s", r.route)
		}
	})
}

// A provider that did not answer may have sent the code; asking again would pay for it twice (threat T28).
func TestACodeIsNotOrderedAgainWhereNobodyAnswered(t *testing.T) {
	world(t, func(t *testing.T, d *db.DB) {
		first, second := phones("first", hang), phones("second", busy)
		o := node(d, keys.Random(), first, second)
		defer start(t, o)()
		id := enqueue(t, d, o, text(Code, "code", 5*time.Minute, time.Now()))[0]
		pass(2 * time.Minute)
		final(t, d, id, failed)
		if first.count() != 1 || second.count() < 2 {
			t.Errorf("the silent one was asked %d times, the busy one %d", first.count(), second.count())
		}
	})
}

func TestCodesDoNotWaitBehindSlowMail(t *testing.T) {
	world(t, func(t *testing.T, d *db.DB) {
		mail := &provider{name: "mail", serves: []Channel{Email}, answer: hang}
		phone := phones("phones", nil)
		o := node(d, keys.Random(), mail, phone)
		defer start(t, o)()
		for range 100 {
			enqueue(t, d, o, Message{Channel: Email, Purpose: Notice, To: "a@members.example", Subject: "s", Paragraphs: []string{"p"}})
		}
		synctest.Wait()
		if n := mail.count(); n != o.lanes[1].workers {
			t.Errorf("%d letters are under way at once; want %d", n, o.lanes[1].workers)
		}
		id := enqueue(t, d, o, text(Code, "code", time.Minute, time.Now()))[0]
		synctest.Wait()
		final(t, d, id, sent)
	})
}

// Ten thousand reminders (queueLength), by a route that takes its time for each: a code that is asked for meanwhile has the next place,
// every time, and each reminder goes once.
func TestALongQueueKeepsNoCodeWaiting(t *testing.T) {
	world(t, func(t *testing.T, d *db.DB) {
		const reminders, atOnce, each = queueLength, 50, 40 * time.Millisecond
		phone := phones("phones", func(context.Context, Message) error {
			time.Sleep(each)
			return nil
		})
		o := New(d, keys.Random(), bill.Limits{}, slog.New(slog.DiscardHandler))
		o.Use([]Route{{Name: "phones", Channel: SMS, Provider: phone, AtOnce: atOnce}}, Hooks{})
		began := time.Now()
		var queue []Message
		for i := range reminders {
			queue = append(queue, text(Notice, fmt.Sprint("reminder ", i), time.Hour, began))
		}
		enqueue(t, d, o, queue...)
		defer start(t, o)()
		codes := 0
		for left := true; left; {
			code := text(Code, fmt.Sprint("code ", codes), 5*time.Minute, time.Now())
			code.Challenge = fmt.Sprint("challenge ", codes)
			codes++
			asked := time.Now()
			id := enqueue(t, d, o, code)[0]
			pass(time.Second / 2)
			final(t, d, id, sent)
			if wait := phone.handed(code.Body).Sub(asked); wait > each {
				t.Errorf("%s was handed over after %s", code.Body, wait)
			}
			if err := d.Ask(t.Context(), func(tx *db.Tx) error {
				return tx.Row("SELECT EXISTS (SELECT 1 FROM messages WHERE state <> 'sent')", nil, &left)
			}); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took > reminders/atOnce*each*3/2+time.Second {
			t.Errorf("the queue took %s", took)
		}
		for body, times := range phone.times() {
			if times != 1 {
				t.Errorf("%s went %d times", body, times)
			}
		}
		if n := phone.count(); n != reminders+codes {
			t.Errorf("%d went; want %d and %d codes", n, reminders, codes)
		}
	})
}

func TestAnotherNodeSendsWhatNobodyStarted(t *testing.T) {
	world(t, func(t *testing.T, d *db.DB) {
		ring, phone := keys.Random(), phones("phones", nil)
		died, alive := node(d, ring, phone), node(d, ring, phone)
		defer start(t, alive)()
		synctest.Wait()
		id := enqueue(t, d, died, text(Code, "code", time.Minute, time.Now()))[0]
		pass(poll)
		final(t, d, id, sent)
	})
}

func TestRetriesNeedNobodyToWakeThem(t *testing.T) {
	world(t, func(t *testing.T, d *db.DB) {
		var refuse atomic.Bool
		refuse.Store(true)
		phone := phones("phones", func(context.Context, Message) error {
			if refuse.Load() {
				return errBusy
			}
			return nil
		})
		o := node(d, keys.Random(), phone)
		defer start(t, o)()
		id := enqueue(t, d, o, text(Notice, "notice", time.Hour, time.Now()))[0]
		pass(30 * time.Second)
		refuse.Store(false)
		pass(30*time.Second - 1e6)
		if n := phone.count(); n != 1 {
			t.Fatalf("tried %d times within the first minute", n)
		}
		pass(1e6)
		final(t, d, id, sent)
	})
}

func TestRunEndsSoonAndLosesNothing(t *testing.T) {
	world(t, func(t *testing.T, d *db.DB) {
		mail := &provider{name: "mail", serves: []Channel{Email}, answer: hang}
		o := node(d, keys.Random(), mail)
		stop := start(t, o)
		id := enqueue(t, d, o, Message{Channel: Email, Purpose: Link, To: "a@members.example", Subject: "s", Paragraphs: []string{"p"}})[0]
		synctest.Wait()
		before := time.Now()
		stop()
		if took := time.Since(before); took > grace {
			t.Errorf("the end took %s", took)
		}
		if r := look(t, d, id); r.state != queued || r.sealed == nil {
			t.Errorf("the letter is %s, with %d bytes of content", r.state, len(r.sealed))
		}
		mail = &provider{name: "mail", serves: []Channel{Email}}
		defer start(t, node(d, o.ring, mail))()
		pass(time.Minute)
		final(t, d, id, sent)
	})
}

func TestWhatIsUnderWayAtTheEndIsFinished(t *testing.T) {
	world(t, func(t *testing.T, d *db.DB) {
		phone := phones("phones", func(ctx context.Context, _ Message) error {
			select {
			case <-time.After(2 * time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		o := node(d, keys.Random(), phone)
		stop := start(t, o)
		id := enqueue(t, d, o, text(Code, "code", time.Minute, time.Now()))[0]
		synctest.Wait()
		stop()
		final(t, d, id, sent)
	})
}

func TestAnIdleRunEndsAtOnce(t *testing.T) {
	world(t, func(t *testing.T, d *db.DB) {
		stop := start(t, node(d, keys.Random(), phones("phones", nil)))
		pass(time.Minute)
		before := time.Now()
		stop()
		if took := time.Since(before); took != 0 {
			t.Errorf("the end took %s", took)
		}
	})
}

// rename takes the table away, and gives it back, as a database that is gone for a while.
func rename(t *testing.T, d *db.DB, from, to string) {
	t.Helper()
	err := d.Tx(context.WithoutCancel(t.Context()), func(tx *db.Tx) error {
		_, err := tx.Exec("ALTER TABLE " + from + " RENAME TO " + to)
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRunOutlivesTheDatabase(t *testing.T) {
	world(t, func(t *testing.T, d *db.DB) {
		ring, phone := keys.Random(), phones("phones", nil)
		o := node(d, ring, phone)
		id := enqueue(t, d, node(d, ring, phone), text(Notice, "notice", time.Hour, time.Now()))[0]
		rename(t, d, "messages", "away")
		defer start(t, o)()
		pass(time.Minute)
		if phone.count() != 0 {
			t.Fatal("sent without a table")
		}
		rename(t, d, "away", "messages")
		pass(poll)
		final(t, d, id, sent)
	})
}

func TestAnOutcomeIsWrittenWhenTheDatabaseIsBack(t *testing.T) {
	world(t, func(t *testing.T, d *db.DB) {
		phone := phones("phones", func(context.Context, Message) error {
			rename(t, d, "messages", "away")
			return nil
		})
		o := node(d, keys.Random(), phone)
		defer start(t, o)()
		id := enqueue(t, d, o, text(Code, "code", time.Minute, time.Now()))[0]
		pass(4 * time.Second)
		rename(t, d, "away", "messages")
		pass(30 * time.Second)
		final(t, d, id, sent)
		if phone.count() != 1 {
			t.Errorf("sent %d times", phone.count())
		}
	})
}
