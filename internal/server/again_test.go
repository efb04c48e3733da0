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
	"woggle/internal/message"
	"woggle/internal/method/phone"
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
