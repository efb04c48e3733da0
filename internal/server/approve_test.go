package server_test

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/message"
	"woggle/internal/method/phone"
)

// A landline is set up, and signs in later, and no code is ever said on the line.
func TestACallIsApprovedWithTwoDigits(t *testing.T) {
	eachLine(t, func(l *line) {
		user := l.member("aisha", firstUse)
		b := l.browser().password("aisha", passphrase).sees("You press two numbers that the page shows").notSees("reads the code")
		b.fill("Send me a code", "tel", "01632 960456", "channel", "voice", "extension", "12").sees("We are calling you", "•••456").notSees("6-digit")
		digits, watch := b.digits(), b.watches()
		call := l.called(landline)
		if call.Extension != "12" || call.Name != "Aisha" {
			t.Errorf("the call is %+v", call)
		}
		if got := b.state(watch); got != "waiting" {
			t.Errorf("before anything was pressed: %s", got)
		}
		b.press(pressed).sees("still waiting", digits[:1]+" "+digits[1:])
		if !l.press(call, digits) {
			t.Fatal("the right digits are wrong")
		}
		if got := b.state(watch); got != "right" {
			t.Errorf("after the digits were pressed: %s", got)
		}
		b.press(pressed).sees("You’re all set", "Landline phone")
		if got := b.state(watch); got != "over" {
			t.Errorf("after it was used: %s", got)
		}
		if !slices.Equal(l.methods(user), []string{"password", "phone"}) {
			t.Errorf("methods %v", l.methods(user))
		}
		l.clock.Advance(time.Hour)
		b = l.browser().password("aisha", passphrase).sees("We are calling you")
		if !l.press(l.called(landline), b.digits()) {
			t.Fatal("the right digits are wrong")
		}
		b.open(b.page.URL.RequestURI()).sees("Those are the right numbers").press("Go on")
		if !b.signedIn() {
			t.Error("not signed in")
		}
		if used := l.count("SELECT count(*) FROM methods WHERE kind = 'phone' AND used_at > created_at"); used != 1 {
			t.Error("the phone does not know that it was used")
		}
	})
}

// T47: there is one try. Wrong keys end the worth of the call, and count as a wrong code does.
func TestWrongKeysEndTheCall(t *testing.T) {
	eachLine(t, func(l *line) {
		b, user := l.atCall("aisha")
		first := b.digits()
		call := l.called(landline)
		if l.press(call, notThose(first)) || l.press(call, first) {
			t.Fatal("wrong keys, or right ones after them, are right")
		}
		if got := b.state(b.watches()); got != "wrong" {
			t.Errorf("the page is told %q", got)
		}
		b.press(pressed).sees("weren’t the two numbers", "Call me again").notSees(pressed, "still waiting")
		b.open("/signin?a=" + b.page.Forms[0].Values.Get("a")).sees("weren’t the two numbers")
		if b.signedIn() {
			t.Fatal("signed in")
		}
		if got := l.events(audit.WrongCode); len(got) != 1 || got[0].User != user.ID {
			t.Errorf("recorded: %+v", got)
		}
		if got := l.count("SELECT failures FROM methods WHERE user_id = $1 AND kind = 'phone'", user.ID); got != 1 {
			t.Errorf("%d failures of the phone", got)
		}
	})
}

// T13: what is pressed in the call of one sign-in is worth nothing in another, of the same person or of somebody else,
// and the approval of a sign-in sets nothing up.
func TestAnApprovalIsGoodForItsOwnSignInOnly(t *testing.T) {
	eachLine(t, func(l *line) {
		mine, user := l.atCall("aisha")
		l.clock.Advance(time.Minute)
		thief := l.browser().password("aisha", passphrase).sees("We are calling you")
		calls := l.to(landline)
		if !l.press(calls[1], mine.digits()) {
			t.Fatal("the right digits are wrong")
		}
		if thief.press(pressed).sees("still waiting"); thief.signedIn() {
			t.Fatal("a thief signs in with the owner's approval")
		}
		// With the id of the owner's sign-in in a browser of their own.
		form, err := mine.page.Form("/signin/phone")
		if err != nil {
			t.Fatal(err)
		}
		own, err := thief.open("/signin").page.Form("username")
		if err != nil {
			t.Fatal(err)
		}
		if thief.page, err = thief.Post("/signin/phone", url.Values{"a": form.Values["a"], "t": own.Values["t"]}); err != nil {
			t.Fatal(err)
		}
		thief.sees("not open here")
		if got := thief.state(mine.watches()); got != "over" {
			t.Errorf("another browser is told %q", got)
		}
		if mine.press(pressed); !mine.signedIn() {
			t.Fatal("the owner is not signed in")
		}
		// An approval of the number on record adds no number.
		l.clock.Advance(11 * time.Minute)
		mine.open("/security/add").press("Phone").sees("We are calling you")
		l.press(l.called(landline), mine.digits())
		mine.press(pressed).fill("Send me a code", "tel", "01632 960457", "channel", "voice")
		mine.press(pressed).sees("still waiting")
		if len(l.methods(user)) != 2 {
			t.Errorf("methods %v", l.methods(user))
		}
	})
}

// Digits are no code, and a code is no digits: neither answers the other's question, and no form says that it was so.
func TestNoFormApproves(t *testing.T) {
	eachLine(t, func(l *line) {
		b, _ := l.atCall("aisha")
		call := l.called(landline)
		form, err := b.page.Form("/signin/phone")
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range []string{"", b.digits(), l.keys.Code(6, call.Challenge), "right"} {
			values := url.Values{"a": form.Values["a"], "t": form.Values["t"], "code": {code}, "answer": {"right"}, "state": {"right"}}
			if b.page, err = b.Post("/signin/phone", values); err != nil {
				t.Fatal(err)
			}
			b.sees("still waiting")
		}
		if b.signedIn() {
			t.Fatal("signed in")
		}
	})
}

// Keys in a call that reads a code answer nothing, and use up nothing.
func TestKeysAreNoCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		l := withLine(t, d, clock, false)
		l.phoneOf(l.member("aisha"), landline, phone.Landline, message.Voice)
		b := l.browser().password("aisha", passphrase).sees("press 1, and write down the code")
		call := l.to(landline)[0]
		for first := range 10 {
			if l.press(call, string('0'+rune(first))+call.Code[:1]) {
				t.Error("keys are right")
			}
		}
		if b.fill("Verify", "one-time-code", call.Code); !b.signedIn() {
			t.Error("the code is worth nothing after keys were pressed")
		}
		if got := l.events(audit.WrongCode); len(got) != 0 {
			t.Errorf("keys were counted as wrong codes: %v", got)
		}
	})
}

// T16: of many keys at once the first decides; of many pages that go on, one signs in.
func TestKeysAndPagesUnderRaces(t *testing.T) {
	eachLine(t, func(l *line) {
		b, user := l.atCall("aisha")
		call, digits := l.called(landline), b.digits()
		var mu sync.Mutex
		var wait sync.WaitGroup
		rights := 0
		for i := range 12 {
			keys := digits
			if i%2 == 1 {
				keys = notThose(digits)
			}
			wait.Go(func() {
				right, err := l.desk.Keyed(t.Context(), call.ID, keys)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if right {
					rights++
				}
			})
		}
		wait.Wait()
		wrongs := len(l.events(audit.WrongCode))
		if rights+wrongs != 1 {
			t.Fatalf("of twelve at once %d were right and %d were counted as wrong", rights, wrongs)
		}
		if rights == 0 { // a wrong one was first
			l.clock.Advance(31 * time.Second)
			b.press("Call me again")
			if !l.press(l.called(landline), b.digits()) {
				t.Fatal("the right digits are wrong")
			}
		}
		form, err := b.page.Form("/signin/phone")
		if err != nil {
			t.Fatal(err)
		}
		if got := l.parallel(b, 20, form.Action, form.Values); got != 1 {
			t.Errorf("%d sessions came of one approval", got)
		}
		if got := l.count("SELECT count(*) FROM methods WHERE user_id = $1", user.ID); got != 2 {
			t.Errorf("%d methods", got)
		}
	})
}

// Who presses wrong keys in call after call is somebody else: the codes close, as for wrong codes, and the owner is told.
func TestWrongKeysAreBounded(t *testing.T) {
	eachLine(t, func(l *line) {
		_, user := l.atCall("aisha")
		tries, rights := 0, 0
		for range 12 {
			l.clock.Advance(11 * time.Minute)
			b := l.browser().password("aisha", passphrase)
			if !strings.Contains(b.page.Text, "We are calling you") {
				break
			}
			tries++
			keys := notThose(b.digits())
			if tries == 12 {
				keys = b.digits()
			}
			if l.press(l.called(landline), keys) {
				rights++
			}
		}
		if rights != 0 || tries > 10 {
			t.Errorf("%d calls, %d right", tries, rights)
		}
		told := false
		for _, m := range l.to(user.Email) {
			told = told || m.Subject == "Somebody typed wrong codes"
		}
		if !told {
			t.Error("the owner was not told")
		}
	})
}
