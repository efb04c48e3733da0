package server_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/test/visitor"
)

// A transaction may be run several times. What its first run found is forgotten when the second finds something else:
// here the link is too old by then.
func TestWhatTheFirstRunFoundIsForgotten(t *testing.T) {
	clock := dbtest.NewClock()
	var running atomic.Bool // the clock goes on by a day at each look
	d, err := db.Open("sqlite:"+filepath.Join(t.TempDir(), "woggle.db"), func() time.Time {
		now := clock.Now()
		if running.Load() {
			clock.Advance(25 * time.Hour)
		}
		return now
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, d, clock, 1)
	user := s.member("aisha")
	s.phoneOf(user, mobile, phone.Mobile, message.SMS)
	s.browser().open("/signin/forgot").fill("Send", "username", "aisha")
	setup, _, err := s.nodes[0].server.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for what, press := range map[string]func() *browser{
		"a forgotten password": func() *browser {
			b := s.browser().open(s.to(user.Email)[0].Button.URL)
			running.Store(true)
			return b.press("Next")
		},
		"the first administrator": func() *browser {
			b := s.browser().open(strings.TrimPrefix(setup, s.nodes[0].web.URL))
			running.Store(true)
			return b.fill("", "username", "ruth", "given_name", "Ruth", "family_name", "Calloway", "email", "ruth@northwold.example")
		},
	} {
		began := clock.Now()
		// Whatever begins an attempt now is told that somebody else was quicker.
		s.tx(func(tx *db.Tx) error {
			_, err := tx.Exec(fmt.Sprintf(`CREATE TRIGGER quicker AFTER INSERT ON attempts WHEN NEW.created_at = %d
				BEGIN UPDATE attempts SET version = version + 1 WHERE id = NEW.id; END`, began.UnixMilli()))
			return err
		})
		b := press()
		running.Store(false)
		if b.page.Status != 403 || !strings.Contains(b.page.Text, "This link doesn’t work any more") {
			t.Errorf("%s: status %d: %s", what, b.page.Status, b.page.Text)
		}
		clock.Set(began)
		s.tx(func(tx *db.Tx) error {
			_, err := tx.Exec("DROP TRIGGER quicker")
			return err
		})
	}
}

// A change that meets "this wasn't me" at the same instant waits for it, and is refused: what it decides on is read
// after it had its turn.
func TestAChangeWaitsForTheFreeze(t *testing.T) {
	each(t, func(s *site) {
		s.tx(func(tx *db.Tx) error {
			return directory.AddField(tx, "system", directory.Field{ID: "section", Kind: "text", Labels: map[string]string{"en": "Section"}})
		})
		user := s.member("aisha")
		id := s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		b := s.browser().password("aisha", passphrase)
		b.fill("Verify", "one-time-code", s.code(mobile))
		for _, c := range []struct {
			page   string
			fields []string
		}{
			{"/security/methods/" + id + "/rename", []string{"name", "Mine now"}},
			{"/security/default", []string{"method", id}},
			{"/security/password", []string{"current-password", passphrase, "new-password", "seven otters knit quietly"}},
			{"/details", []string{"field-section", "Mine now"}},
		} {
			form, err := b.open(c.page).page.Form(c.fields[0])
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(c.fields); i += 2 {
				form.Set(c.fields[i], c.fields[i+1])
			}
			var page *visitor.Page
			done := make(chan struct{})
			s.tx(func(tx *db.Tx) error {
				if err := directory.Freeze(tx, user.ID); err != nil {
					return err
				}
				go func() {
					defer close(done)
					page, err = b.Send(form, nil)
				}()
				s.untilSomebodyWaits(done)
				return nil
			})
			if <-done; err != nil || page.Status != 403 {
				t.Errorf("%s: %v, %v", c.page, page, err)
			}
			s.tx(func(tx *db.Tx) error { return directory.Unfreeze(tx, "system", user.ID) })
		}
	})
}

// untilSomebodyWaits returns when another transaction waits for one of ours, or when what should wait for it is done.
func (s *site) untilSomebodyWaits(done chan struct{}) {
	if s.db.Engine() == db.SQLite {
		return // where whoever writes waits from the beginning
	}
	look := time.NewTicker(time.Millisecond) // PostgreSQL doesn't call us
	defer look.Stop()
	for {
		waiting := 0
		err := s.db.View(s.t.Context(), func(tx *db.Tx) error {
			return tx.Row("SELECT count(*) FROM pg_locks WHERE NOT granted", nil, &waiting)
		})
		if err != nil || waiting > 0 {
			return
		}
		select {
		case <-done:
			return
		case <-look.C:
		}
	}
}
