package server_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/phone"
)

// Another call shows two new digits; those of the first are worth nothing in it, and its own keys nothing any more.
func TestAnotherCallHasOtherDigits(t *testing.T) {
	eachLine(t, func(l *line) {
		b, _ := l.atCall("aisha")
		page := b.page
		call := l.called(landline)
		l.press(call, notThose(b.digits()))
		b.press("Call me again").sees("You can ask for another one in")
		l.clock.Advance(31 * time.Second)
		b.press("Call me again").sees("press these two numbers")
		second := l.called(landline)
		if second.ID == call.ID || second.Challenge == call.Challenge {
			t.Fatal("there is no other call")
		}
		old := &browser{b.Visitor, b.s, page}
		if l.press(call, old.digits()) {
			t.Error("the first call is answered anew")
		}
		if !l.press(second, b.digits()) {
			t.Error("the right digits are wrong")
		}
		if b.press(pressed); !b.signedIn() {
			t.Error("not signed in")
		}
	})
}

// A call that is asked for again while nothing was pressed has the same digits: the first may still ring.
func TestTheSameDigitsWhileNothingWasPressed(t *testing.T) {
	eachLine(t, func(l *line) {
		b, _ := l.atCall("aisha")
		digits, first := b.digits(), l.called(landline)
		l.clock.Advance(31 * time.Second)
		b.press("Call me again")
		second := l.called(landline)
		if b.digits() != digits || second.ID == first.ID || second.Challenge != first.Challenge {
			t.Errorf("digits %s and %s, calls %s and %s", digits, b.digits(), first.ID, second.ID)
		}
		if !l.press(second, digits) || l.press(first, digits) {
			t.Error("of two calls with the same digits not exactly the first answer counts")
		}
		if b.press(pressed); !b.signedIn() {
			t.Error("not signed in")
		}
	})
}

// Nothing is proved by keys that come too late, and none by a page that comes too late.
func TestKeysAfterTheEnd(t *testing.T) {
	eachLine(t, func(l *line) {
		b, _ := l.atCall("aisha")
		call, digits, watch := l.called(landline), b.digits(), b.watches()
		l.clock.Advance(5 * time.Minute)
		if l.press(call, digits) {
			t.Error("keys count after the end")
		}
		if got := b.state(watch); got != "late" {
			t.Errorf("the page is told %q", got)
		}
		b.press(pressed).sees("too long ago")
		b.press("Call me again")
		call = l.called(landline)
		if !l.press(call, b.digits()) {
			t.Fatal("the right digits are wrong")
		}
		l.clock.Advance(5 * time.Minute)
		if b.press(pressed).sees("too long ago"); b.signedIn() {
			t.Error("an approval is good for ever")
		}
	})
}

// Keys that come while the person asks for another call, changes the number or leaves.
func TestKeysWhileThePersonGoesOn(t *testing.T) {
	eachLine(t, func(l *line) {
		l.member("aisha", firstUse)
		b := l.browser().password("aisha", passphrase)
		b.fill("Send me a code", "tel", "01632 960456", "channel", "voice")
		call, digits, page := l.called(landline), b.digits(), b.page
		form, err := b.page.Form("/signin/enrol/phone/change")
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		wait.Go(func() {
			if _, err := l.desk.Keyed(t.Context(), call.ID, digits); err != nil {
				t.Error(err)
			}
		})
		wait.Go(func() {
			client := *b.Visitor
			if p, err := client.Post(form.Action, form.Values); err != nil || p.Status != http.StatusOK {
				t.Errorf("%v %v", p, err)
			}
		})
		wait.Wait()
		b.page = page
		b.press(pressed).sees("Add a phone")
		if l.press(call, digits) {
			t.Error("the call of a number that was changed counts")
		}
		if kept := l.count("SELECT count(*) FROM messages WHERE sealed IS NOT NULL AND challenge = $1", call.Challenge); kept != 0 {
			t.Error("the message of a question that was closed is kept")
		}
	})
}

// Keys count while the sign-in asks for them: not once the person has chosen another way, and not for somebody who may not
// sign in any more.
func TestKeysThatNobodyAsksFor(t *testing.T) {
	eachLine(t, func(l *line) {
		user := l.member("aisha")
		id := l.phoneOf(user, landline, phone.Landline, message.Voice)
		l.appOf(user)
		b := l.browser().password("aisha", passphrase).sees("Enter the code from your app")
		b.open(linkTo(t, b, "/signin/ways")).press("Call me").sees("press these two numbers")
		call, digits, ways := l.called(landline), b.digits(), linkTo(t, b, "/signin/ways")
		b.open(ways).press("Use my authenticator app")
		if l.press(call, digits) {
			t.Error("a call that was turned away from counts")
		}
		b.open(ways).press("Call me").sees("press these two numbers")
		if l.called(landline).ID == call.ID {
			t.Fatal("there is no other call")
		}
		call, digits = l.called(landline), b.digits()
		l.tx(func(tx *db.Tx) error { return directory.SetStatus(tx, "system", user.ID, directory.Disabled) })
		if l.press(call, digits) {
			t.Error("a call counts for somebody who is disabled")
		}
		b.press(pressed).sees("You can’t go on here")
		if used := l.count("SELECT count(*) FROM methods WHERE id = $1 AND used_at > 0", id); used != 0 {
			t.Error("the phone was used")
		}
	})
}

// Key 9 in a call for approval stops everything, as in any other, also after the right keys.
func TestNineInACallForApproval(t *testing.T) {
	eachLine(t, func(l *line) {
		b, user := l.atCall("aisha")
		call := l.called(landline)
		l.press(call, b.digits())
		l.tell(call, message.Unwanted)
		if !l.frozen(user) {
			t.Error("the account is not frozen")
		}
		if b.press(pressed); b.signedIn() {
			t.Error("signed in with a call whose owner said no")
		}
		if l.press(call, b.s.t.Name()) {
			t.Error("odd keys are right")
		}
	})
}
