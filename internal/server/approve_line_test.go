package server_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

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

// count is the number that a query gives.
func (s *site) count(query string, args ...any) (n int) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error { return tx.Row(query, args, &n) })
	return n
}
