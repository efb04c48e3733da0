package server_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/internal/signin"
)

const newMobile = "+447700900777"

// afterLoss is somebody who got in with an access pass, said that a mobile and a landline are lost, and set up a new mobile.
func (s *site) afterLoss() (b *browser, user directory.User, oldMobile string) {
	s.t.Helper()
	user = s.member("aisha")
	oldMobile = s.phoneOf(user, mobile, phone.Mobile, message.SMS)
	s.phoneOf(user, landline, phone.Landline, message.Voice)
	s.clock.Advance(time.Minute)
	b = s.browser().password("aisha", s.passOf(user)).sees("Enter the code")
	b.open(linkTo(s.t, b, "/signin/ways")).press("I don’t have any of these any more")
	b.fill("Send me a code", "tel", newMobile).fill("Verify", "one-time-code", s.code(newMobile))
	return b.sees("You’re all set", "+44 7700 900777"), user, oldMobile
}

const removeLost = "Remove the ones I don’t have"

// Who lost their phone and got in with a pass is asked at once to remove what is lost: it may be in wrong hands.
func TestWhatIsLostIsRemovedAtOnce(t *testing.T) {
	each(t, func(s *site) {
		b, user, _ := s.afterLoss()
		b.sees("+44 7700 900123", "+44 1632 960456").press(removeLost)
		b.sees("You’re all set").notSees("+44 7700 900123", removeLost)
		if got := s.methods(user); !slices.Equal(got, []string{"password", "phone"}) {
			t.Errorf("methods are %v", got)
		}
		if !b.signedIn() {
			t.Error("the person is signed out by it")
		}
		events := 0
		s.tx(func(tx *db.Tx) error {
			return tx.Row("SELECT count(*) FROM audit_events WHERE type = $1 AND user_id = $2", []any{string(audit.MethodRemoved), user.ID}, &events)
		})
		letters := 0
		for _, m := range s.to(user.Email) {
			if strings.Contains(m.Subject, "was removed") {
				letters++
			}
		}
		if events != 2 || letters != 2 {
			t.Errorf("%d events, %d letters", events, letters)
		}
	})
}

// What turns up again is kept, and so is whatever the page does not offer: nobody locks themselves out here.
func TestOnlyWhatIsLostIsRemoved(t *testing.T) {
	each(t, func(s *site) {
		b, user, oldMobile := s.afterLoss()
		form, err := b.page.Form("/signin/done")
		if err != nil {
			t.Fatal(err)
		}
		s.tx(func(tx *db.Tx) error {
			all, err := signin.Methods(tx, user.ID)
			for _, e := range all {
				form.Values.Add("method", e.ID)
			}
			return err
		})
		form.Values["method"] = slices.DeleteFunc(form.Values["method"], func(id string) bool { return id == oldMobile })
		if b.page, err = b.Send(form, nil); err != nil {
			t.Fatal(err)
		}
		if got := s.methods(user); !slices.Equal(got, []string{"password", "phone", "phone"}) {
			t.Errorf("methods are %v", got)
		}
		b.open("/security").sees("+44 7700 900777", "+44 7700 900123").notSees("1632")
	})
}

// The offer stands as long as the proof is fresh; later it is made under Security info, where a proof is asked for.
func TestTheOfferToRemoveEnds(t *testing.T) {
	each(t, func(s *site) {
		b, user, _ := s.afterLoss()
		s.clock.Advance(11 * time.Minute)
		b.press(removeLost)
		if b.page.URL.Path != "/security" || len(s.methods(user)) != 4 {
			t.Errorf("%s, methods %v", b.page.URL, s.methods(user))
		}
		// What is kept all the same is not asked first: it is the new one that the person has.
		later := s.browser().password("aisha", passphrase).sees("•••777")
		later.fill("Verify", "one-time-code", s.code(newMobile)).notSees(removeLost)
	})
}
