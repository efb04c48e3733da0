package server_test

import (
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/test/visitor"
)

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
