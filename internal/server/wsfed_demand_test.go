package server_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/test/wsfed"
)

// member signs in at the start, so that there is a session of some age.
func (s *site) signedInToEntra() (*browser, *party) {
	s.t.Helper()
	_, p := s.entra()
	b := s.browser().password("aisha", passphrase).code()
	if !b.signedIn() {
		s.t.Fatal("not signed in")
	}
	s.clock.Advance(20 * time.Minute)
	return b, p
}

// W04: what asks for a fresh sign-in gets both factors again, at once, and the party is content with the first answer: answering
// from the session is how these loops are made.
func TestW04AFreshSignInProvesBothFactorsAgain(t *testing.T) {
	for name, demands := range map[string][]string{
		"wfresh=0":                             {"wfresh", "0"},
		"step-up of Conditional Access":        {"wauth", multi, "wfresh", "0"},
		"prompt=login translated":              {"wauth", byPassword, "wfresh", "0"},
		"prompt=login supported":               {"prompt", "login"},
		"younger than the session, in minutes": {"wfresh", "19"},
	} {
		t.Run(name, func(t *testing.T) {
			only(t, func(s *site) {
				b, p := s.signedInToEntra()
				asked := s.clock.Now()
				b.start(p, demands...).sees("password").notSees("Enter the code")
				waits := b.page.URL
				// The kept request is no way around it.
				if b.open(continued(t, s)); len(b.page.Forms) == 0 || strings.Contains(b.page.Body, "wresult") {
					t.Fatalf("answered without a proof: %s", b.page.Text)
				}
				s.clock.Advance(5 * time.Second)
				b.open(waits.String()).fill("Next", "current-password", passphrase).sees("Enter the code")
				s.clock.Advance(20 * time.Second)
				j := b.code().hand(p).accepted()
				if j.Rounds != 0 || j.Method != multi || !j.Instant.Equal(asked.Add(5*time.Second)) {
					t.Errorf("%+v", j)
				}
				if at := j.Claims["http://schemas.microsoft.com/ws/2017/04/identity/claims/multifactorauthenticationinstant"]; at[0] != "2027-02-01T09:50:25.000Z" {
					t.Errorf("the second factor was proved at %v", at)
				}
			})
		})
	}
}

// continued is the address of the newest request that waits.
func continued(t *testing.T, s *site) (address string) {
	t.Helper()
	s.tx(func(tx *db.Tx) error {
		var id string
		err := tx.Row("SELECT id FROM app_requests WHERE used_at = 0 ORDER BY created_at DESC LIMIT 1", nil, &id)
		address = "/app/continue/" + id
		return err
	})
	return address
}

// What the session has already is not asked again.
func TestDemandsThatTheSessionMeets(t *testing.T) {
	only(t, func(s *site) {
		b, p := s.signedInToEntra()
		for _, demands := range [][]string{{}, {"wauth", multi}, {"wauth", "http://schemas.microsoft.com/claims/wiaormultiauthn"}, {"wauth", byPassword},
			{"wfresh", "30"}, {"wauth", ""}, {"wfresh", ""}, {"login_hint", "aisha@northwold.example"}, {"username", "AISHA@Northwold.Example"},
			{"whr", "northwold.example"}, {"wct", "2027-02-01T09:50:00Z"}, {"wct", "nonsense"}} {
			if j := b.start(p, demands...).hand(p).accepted(); j.Rounds != 0 || j.Instant.Minute() != 30 {
				t.Errorf("%v: %+v", demands, j)
			}
			s.clock.Advance(10 * time.Second)
		}
	})
}

// A way to sign in that we do not have is not answered as if it had been used.
func TestAWayToSignInThatWeDoNotHave(t *testing.T) {
	only(t, func(s *site) {
		b, p := s.signedInToEntra()
		for _, way := range []string{"urn:federation:authentication:windows", "urn:ietf:rfc:2246", "http://schemas.microsoft.com/claims/multipleauthn2"} {
			if b.start(p, "wauth", way).sees("a way to sign in that we don’t have"); b.page.Status != 403 || strings.Contains(b.page.Body, "wresult") {
				t.Errorf("%s: status %d", way, b.page.Status)
			}
		}
	})
}

// A hint names a person of Microsoft's. Somebody else who is signed in is asked, and may go on or change.
func TestSignedInAsSomebodyElse(t *testing.T) {
	only(t, func(s *site) {
		b, p := s.signedInToEntra()
		bryn := s.member("bryn")
		s.phoneOf(bryn, mobile, phone.Mobile, message.SMS)
		for _, hint := range []string{"bryn@northwold.example", "nobody@northwold.example"} {
			b.start(p, "username", hint).sees("Aisha", hint)
			if strings.Contains(b.page.Body, "wresult") {
				t.Fatal("answered for somebody else")
			}
		}
		b.start(p, "username", "nobody@northwold.example").press("Go on as Aisha Khan")
		b.hand(p).accepted()
		// Who changes has said as whom to go on, and is not asked once more.
		b.start(p, "username", "bryn.jones@northwold.example").press("Sign in as somebody else")
		// The app hears that the one before has left; then it goes on.
		b.sees("You are signed out here", "Next we tell your other apps")
		if on, waits := strings.CutPrefix(b.page.Header.Get("Refresh"), "3; url="); !waits || !strings.HasPrefix(on, "/app/continue/") {
			t.Fatalf("it goes on to %q", b.page.Header.Get("Refresh"))
		} else {
			b.open(on)
		}
		s.clock.Advance(time.Second)
		b.fill("Next", "username", "bryn").fill("Next", "current-password", passphrase).code()
		form, err := b.page.Form("wresult")
		if err != nil || !strings.Contains(form.Values.Get("wresult"), ">bryn@northwold.example<") {
			t.Errorf("%v: %s", err, b.page.Text)
		}
	})
}

// A name that the directory gives another meaning than Microsoft does is compared with Microsoft's.
func TestAUserNameThatIsSomebodyElsesUPN(t *testing.T) {
	only(t, func(s *site) {
		b, p := s.signedInToEntra()
		s.member("other", func(_ *db.Tx, u *directory.User) { u.Username, u.Email = "aisha@northwold.example", "" })
		b.start(p, "username", "aisha@northwold.example").hand(p).accepted()
	})
}

// Somebody who was interrupted on the way arrives all the same: the first sign-in, with a method to set up.
func TestTheVeryFirstSignInEndsAtMicrosoft365(t *testing.T) {
	only(t, func(s *site) {
		user := s.member("aisha", firstUse)
		p := s.party(wsfed.Expected{"realm": entraRealm, "issuer": entraIssuer, "upn": "aisha@northwold.example", "id": strings.ReplaceAll(user.ID, "-", "")})
		s.register("m365", map[string]any{"realm": entraRealm, "replies": []string{p.Base + "/login.srf"},
			"domains": map[string]string{"northwold.example": entraIssuer}})
		b := s.browser().start(p, "username", "aisha@northwold.example").fill("Next", "username", "aisha").fill("Next", "current-password", passphrase)
		b.fill("Send me a code", "tel", "07700 900123").code().sees("You’re all set")
		for _, link := range b.page.Links {
			if strings.HasPrefix(link, "/app/continue/") {
				b.open(link).hand(p).accepted()
				return
			}
		}
		t.Errorf("no way on from %s", b.page.Text)
	})
}

// W01: another site's form, without cookies, is as good as a link: the person is asked nothing that a link would not ask.
func TestW01ARequestByPost(t *testing.T) {
	only(t, func(s *site) {
		b, p := s.signedInToEntra()
		b.post("/wsfed", p.request()).hand(p).accepted()
		// In a browser where nobody is signed in, the sign-in comes between.
		b = s.browser().post("/wsfed", p.request())
		b.fill("Next", "username", "aisha").fill("Next", "current-password", passphrase).code().hand(p).accepted()
		// The action may stand in the form's address.
		values := p.request()
		values.Del("wa")
		b.post("/wsfed?wa=wsignin1.0", values).hand(p).accepted()
	})
}

func (b *browser) post(path string, values url.Values) *browser {
	b.s.t.Helper()
	var err error
	if b.page, err = b.Post(path, values); err != nil {
		b.s.t.Fatal(err)
	}
	return b
}
