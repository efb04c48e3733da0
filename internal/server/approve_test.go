package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/method/phone"
	"woggle/internal/server"
)

// line is a telephone company with a desk: what is pressed in a call, and what became of it, is told there.
type line struct {
	*site
	desk message.Desk
}

// withLine is a site whose calls ask for the two digits on the page, or read codes.
func withLine(t *testing.T, d *db.DB, clock *dbtest.Clock, approve bool) *line {
	carrier, l := &post{}, &line{}
	l.site = changed(t, d, clock, func(o *server.Options) {
		o.Approve = approve
		o.Routes = func(desk func(string) message.Desk) (routes []message.Route, err error) {
			l.desk = desk("post-voice")
			for _, channel := range []message.Channel{message.SMS, message.Voice, message.Email} {
				routes = append(routes, message.Route{Name: "post-" + string(channel), Channel: channel, Provider: carrier, Prices: bill.Flat(0)})
			}
			return routes, nil
		}
	})
	l.post = carrier
	return l
}

func eachLine(t *testing.T, story func(l *line)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { story(withLine(t, d, clock, true)) })
}

// called is the newest call to a number.
func (l *line) called(number string) message.Message {
	l.t.Helper()
	m := l.to(number)[0]
	if m.Channel != message.Voice || !m.Approve || m.Code != "" || m.Body != "" {
		l.t.Fatalf("the call is %+v", m)
	}
	return m
}

// press is what the line does when two keys were pressed in the call.
func (l *line) press(call message.Message, keys string) bool {
	l.t.Helper()
	right, err := l.desk.Keyed(l.t.Context(), call.ID, keys)
	if err != nil {
		l.t.Fatal(err)
	}
	return right
}

func (l *line) tell(call message.Message, event message.Event) {
	l.t.Helper()
	if err := l.desk.Report(l.t.Context(), message.Report{Message: call.ID, Event: event}); err != nil {
		l.t.Fatal(err)
	}
}

var twoDigits = regexp.MustCompile(`class="digits num">([1-8]) ([0-9])<`)

// digits are those on the page.
func (b *browser) digits() string {
	b.s.t.Helper()
	match := twoDigits.FindStringSubmatch(b.page.Body)
	if match == nil {
		b.s.t.Fatalf("no digits on %s: %s", b.page.URL, b.page.Text)
	}
	return match[1] + match[2]
}

// notThose are two other digits.
func notThose(digits string) string { return digits[:1] + string('0'+(digits[1]-'0'+1)%10) }

// state is what the page's script is told.
func (b *browser) state(path string) (state string) {
	b.s.t.Helper()
	address, err := url.Parse(path)
	if err != nil {
		b.s.t.Fatal(err)
	}
	p, err := b.Open(address.String())
	if err != nil {
		b.s.t.Fatal(err)
	}
	var told map[string]string
	if err := json.Unmarshal([]byte(p.Body), &told); err != nil || p.Status != 200 || p.Header.Get("Cache-Control") != "no-store" {
		b.s.t.Fatalf("%d %s: %v", p.Status, p.Body, err)
	}
	return told["state"]
}

var watched = regexp.MustCompile(`data-watch="([^"]+)"`)

func (b *browser) watches() string {
	b.s.t.Helper()
	match := watched.FindStringSubmatch(b.page.Body)
	if match == nil {
		b.s.t.Fatalf("%s does not wait for anything: %s", b.page.URL, b.page.Text)
	}
	return strings.ReplaceAll(match[1], "&amp;", "&")
}

const pressed = "I have pressed them"

// atCall is a browser that shows two digits to a person with a landline.
func (l *line) atCall(username string) (*browser, directory.User) {
	l.t.Helper()
	user := l.member(username)
	l.phoneOf(user, landline, phone.Landline, message.Voice)
	return l.browser().password(username, passphrase).sees("We are calling you", "press these two numbers"), user
}

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

// count is the number that a query gives.
func (s *site) count(query string, args ...any) (n int) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error { return tx.Row(query, args, &n) })
	return n
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
