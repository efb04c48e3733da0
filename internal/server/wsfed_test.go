package server_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/test/wsfed"
)

const (
	entraRealm  = "urn:federation:MicrosoftOnline"
	entraIssuer = "https://id.northwold.example/wsfed/northwold.example"
	multi       = "http://schemas.microsoft.com/claims/multipleauthn"
	byPassword  = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"
)

// party is a relying party in another language, whose clock is ours.
type party struct {
	*wsfed.Party
	s *site
}

func (s *site) party(expected wsfed.Expected) *party {
	s.t.Helper()
	return &party{wsfed.Start(s.t, "../../test/wsfed", s.nodes[0].web.URL, expected), s}
}

func (p *party) request(demands ...string) url.Values {
	p.s.t.Helper()
	p.Clock(p.s.clock.Now())
	return p.Request(demands...)
}

// start goes to the party's own page, which sends the browser to us with a request.
func (b *browser) start(p *party, demands ...string) *browser {
	b.s.t.Helper()
	p.Clock(b.s.clock.Now())
	return b.open(p.Start(demands...))
}

// code enters the code that was sent.
func (b *browser) code() *browser {
	b.s.t.Helper()
	return b.fill("Verify", "one-time-code", b.s.code(mobile))
}

// hand presses the button of the page that posts itself.
func (b *browser) hand(p *party) *browser {
	b.s.t.Helper()
	p.Clock(b.s.clock.Now())
	return b.fill("", "wresult")
}

// judged is what the party made of the answer.
type judged struct {
	Name, Method string
	Instant      time.Time
	Rounds       int
	Claims       map[string][]string
}

func (b *browser) accepted() (j judged) {
	b.s.t.Helper()
	b.sees("accepted")
	_, raw, _ := strings.Cut(b.page.Text, "accepted")
	if err := json.Unmarshal([]byte(raw), &j); err != nil {
		b.s.t.Fatalf("%v: %s", err, b.page.Text)
	}
	return j
}

// app registers a relying party.
func (s *site) register(id string, settings map[string]any, change ...func(*app.App)) {
	s.t.Helper()
	raw, err := json.Marshal(settings)
	if err != nil {
		s.t.Fatal(err)
	}
	a := &app.App{ID: id, Name: "Microsoft 365", Protocol: "wsfed", Launch: "https://www.microsoft365.com/", Settings: raw}
	for _, c := range change {
		c(a)
	}
	s.tx(func(tx *db.Tx) error { return app.Put(tx, "system", a) })
	for _, n := range s.nodes {
		n.server.Apps().Catalogue.Forget()
	}
}

// entra is Aisha, who has a phone, and Microsoft 365, to which her domain signs in here.
func (s *site) entra() (user directory.User, p *party) {
	s.t.Helper()
	user = s.member("aisha")
	s.phoneOf(user, mobile, phone.Mobile, message.SMS)
	p = s.party(wsfed.Expected{"realm": entraRealm, "issuer": entraIssuer, "upn": "aisha@northwold.example", "id": strings.ReplaceAll(user.ID, "-", "")})
	s.register("m365", map[string]any{"realm": entraRealm, "replies": []string{p.Base + "/login.srf"},
		"domains": map[string]string{"northwold.example": entraIssuer}})
	return user, p
}

func TestAMemberSignsInToMicrosoft365(t *testing.T) {
	each(t, func(s *site) {
		_, p := s.entra()
		b := s.browser().start(p, "username", "aisha@northwold.example")
		b.fill("Next", "username", "aisha").fill("Next", "current-password", passphrase)
		begun := s.clock.Now()
		s.clock.Advance(30 * time.Second)
		j := b.code().hand(p).accepted()
		if j.Method != multi || j.Rounds != 0 || !j.Instant.Equal(begun) {
			t.Errorf("%+v", j)
		}
		// Later, in the same browser, nothing is asked, and the times are still those of the proofs.
		s.clock.Advance(40 * time.Minute)
		if again := b.start(p).hand(p).accepted(); !again.Instant.Equal(begun) {
			t.Errorf("signed in at %s, told %s", begun, again.Instant)
		}
	})
}
