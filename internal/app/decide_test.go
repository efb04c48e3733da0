package app

import (
	"testing"
	"time"

	"woggle/internal/directory"
	"woggle/internal/session"
	"woggle/internal/signin"
)

var now = time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)

// signedIn is a session of the user whose password and second proof, by the kind, were made some time ago.
func signedIn(user string, kind signin.Kind, ago time.Duration) *session.Session {
	at := now.Add(-ago)
	return &session.Session{User: directory.User{ID: user}, AuthAt: at, Proofs: []session.Proof{
		{Kind: string(signin.Password), Factor: session.Knowledge, At: at}, {Kind: string(kind), Factor: session.Possession, At: at}}}
}

// Each row is one rule, told as somebody who opens an app.
func TestDecide(t *testing.T) {
	offer := []signin.Kind{signin.Phone, signin.Authenticator}
	phone, app := signedIn("aisha", signin.Phone, time.Hour), signedIn("aisha", signin.Authenticator, time.Hour)
	just := signedIn("aisha", signin.Phone, 0)
	strict, fresh := App{Need: Need{Methods: []signin.Kind{signin.Authenticator}}}, App{Need: Need{Fresh: 10 * time.Minute}}
	names := map[turn]string{enter: "enter", signIn: "sign in", choose: "choose", stepUp: "step up", refuse: "refuse"}
	for _, c := range []struct {
		story  string
		app    App
		demand Demand
		facts  facts
		want   string
	}{
		{"nobody is signed in", App{}, Demand{}, facts{}, "sign in"},
		{"and nothing may be asked", App{}, Demand{Passive: true}, facts{}, "refuse not-signed-in"},
		{"whoever is signed in arrives", App{}, Demand{}, facts{session: phone, allowed: true}, "enter"},
		{"also where nothing may be asked", App{}, Demand{Passive: true}, facts{session: phone, allowed: true}, "enter"},
		{"who may not use the app is refused", App{}, Demand{}, facts{session: phone}, "refuse not-allowed"},
		{"also where nothing may be asked ", App{}, Demand{Passive: true}, facts{session: phone}, "refuse not-allowed"},

		{"the app expects somebody else", App{}, Demand{}, facts{session: phone, allowed: true, named: true}, "choose"},
		{"and the person said: me", App{}, Demand{}, facts{session: phone, allowed: true, named: true, answered: "aisha"}, "enter"},
		{"but it was another person who said so", App{}, Demand{}, facts{session: phone, allowed: true, named: true, answered: "tom"}, "choose"},
		{"the app expects somebody else, and nothing may be asked", App{}, Demand{Passive: true}, facts{session: phone, allowed: true, named: true}, "refuse not-signed-in"},
		{"the app lets the person choose", App{}, Demand{Choose: true}, facts{session: phone, allowed: true}, "choose"},
		{"who signed in after the app had asked has chosen", App{}, Demand{Choose: true}, facts{session: phone, allowed: true, anew: true}, "enter"},
		{"also as somebody whom the app did not expect", App{}, Demand{}, facts{session: phone, allowed: true, named: true, anew: true}, "enter"},
		{"but not as somebody whom it must not be", App{}, Demand{Subject: "tom"}, facts{session: phone, allowed: true, anew: true}, "choose"},
		{"it has to be who is signed in", App{}, Demand{Subject: "aisha"}, facts{session: phone, allowed: true}, "enter"},
		{"it has to be somebody else", App{}, Demand{Subject: "tom"}, facts{session: phone, allowed: true}, "choose"},
		{"it has to be somebody else, whatever the person says", App{}, Demand{Subject: "tom"}, facts{session: phone, allowed: true, answered: "aisha"}, "refuse wrong-person"},
		{"whether somebody may use the app is not told before it is clear who", App{}, Demand{Choose: true}, facts{session: phone}, "choose"},

		{"an old proof is too old", fresh, Demand{}, facts{session: phone, allowed: true}, "step up"},
		{"a new one is not", fresh, Demand{}, facts{session: just, allowed: true}, "enter"},
		{"an old proof is too old, and nothing may be asked", fresh, Demand{Passive: true}, facts{session: phone, allowed: true}, "refuse must-ask"},
		{"a phone is not what the app takes", strict, Demand{}, facts{session: phone, allowed: true}, "step up"},
		{"an authenticator is", strict, Demand{}, facts{session: app, allowed: true}, "enter"},
		{"one request may take less than the app", App{}, Demand{Methods: []signin.Kind{signin.Authenticator}}, facts{session: phone, allowed: true}, "step up"},
		{"what one request takes, the app does not", strict, Demand{Methods: []signin.Kind{signin.Phone}}, facts{session: app, allowed: true}, "refuse unmet"},

		{"one request may want it newer than the app", App{}, Demand{Fresh: time.Minute}, facts{session: phone, allowed: true}, "step up"},
		{"and gets what is new", fresh, Demand{Fresh: time.Minute}, facts{session: just, allowed: true}, "enter"},
		{"what one request takes as new, the app may not", fresh, Demand{Fresh: 2 * time.Hour}, facts{session: phone, allowed: true}, "step up"},

		{"a new sign-in is asked for", App{}, Demand{Since: now}, facts{session: phone, allowed: true}, "step up"},
		{"and was made", App{}, Demand{Since: now}, facts{session: just, allowed: true}, "enter"},
		{"a new sign-in is asked for, and nothing may be asked", App{}, Demand{Since: now, Passive: true}, facts{session: phone, allowed: true}, "refuse must-ask"},
		{"a sign-in of within two hours will do", App{}, Demand{Since: now.Add(-2 * time.Hour)}, facts{session: phone, allowed: true}, "enter"},
	} {
		t.Run(c.story, func(t *testing.T) {
			c.facts.offer, c.facts.now = offer, now
			d := decide(&c.app, c.demand, c.facts)
			got := names[d.turn]
			if d.turn == refuse {
				got += " " + string(d.reason)
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if d.turn == stepUp && d.need.Met(c.facts.session.Proofs, now) {
				t.Error("a step up is asked for that is not needed: it would go round for ever")
			}
			if c.facts.session != nil && c.facts.allowed && d.turn != choose && d.reason != WrongPerson && d.reason != NotSignedIn &&
				c.app.Met(c.demand, c.facts.session.Proofs, now) != (d.turn == enter) {
				t.Error("Met says something else")
			}
		})
	}
}

// Every small state: nobody enters whose session does not meet all that was asked for.
func TestNobodyEntersBelowTheNeed(t *testing.T) {
	kinds := []signin.Kind{signin.Phone, signin.Authenticator}
	count := 0
	for _, kind := range kinds {
		for _, ago := range []time.Duration{0, time.Minute, time.Hour} {
			for _, methods := range [][]signin.Kind{nil, kinds[:1], kinds[1:], kinds} {
				for _, wanted := range [][]signin.Kind{nil, kinds[:1], kinds[1:]} {
					for _, fresh := range []time.Duration{0, 5 * time.Minute} {
						for _, since := range []time.Time{{}, now.Add(-30 * time.Minute), now} {
							for bits := range 16 {
								s := signedIn("aisha", kind, ago)
								d := Demand{Methods: wanted, Since: since, Passive: bits&1 > 0, Choose: bits&2 > 0}
								a := App{Need: Need{Fresh: fresh, Methods: methods}}
								f := facts{session: s, allowed: bits&4 > 0, named: bits&8 > 0, now: now, offer: kinds}
								if decide(&a, d, f).turn != enter {
									continue
								}
								count++
								if !f.allowed || f.named || d.Choose || fresh > 0 && ago > fresh || ago > now.Sub(since) ||
									!within(methods, kind) || !within(wanted, kind) {
									t.Fatalf("enters: %+v %+v, %s %s ago", a.Need, d, kind, ago)
								}
							}
						}
					}
				}
			}
		}
	}
	if count == 0 {
		t.Fatal("nobody ever enters")
	}
}

func within(kinds []signin.Kind, kind signin.Kind) bool {
	for _, k := range kinds {
		if k == kind {
			return true
		}
	}
	return len(kinds) == 0
}

func TestWhatCannotBeAnApp(t *testing.T) {
	for story, a := range map[string]App{
		"no short name":              {Name: "Rota"},
		"a short name with a space":  {ID: "the rota", Name: "Rota"},
		"one that is a path":         {ID: "../x", Name: "Rota"},
		"no name":                    {ID: "rota"},
		"a link without an address":  {ID: "rota", Name: "Rota", Protocol: Link},
		"an address that is script":  {ID: "rota", Name: "Rota", Launch: "javascript:alert(1)"},
		"an address without TLS":     {ID: "rota", Name: "Rota", Launch: "http://rota.example/"},
		"an address with a password": {ID: "rota", Name: "Rota", Launch: "https://a:b@rota.example/"},
		"a method that is none":      {ID: "rota", Name: "Rota", Need: Need{Methods: []signin.Kind{signin.Password}}},
		"a logo that is a page":      {ID: "rota", Name: "Rota", Logo: []byte("<html>")},
		"a logo that is too large":   {ID: "rota", Name: "Rota", Logo: append([]byte("<svg"), make([]byte, mostLogo)...)},
	} {
		if a.Check() == nil {
			t.Errorf("%s is taken", story)
		}
	}
	if err := (&App{ID: "rota", Name: "Camp rota", Protocol: Link, Launch: "https://rota.example/", Logo: []byte("<svg></svg>")}).Check(); err != nil {
		t.Error(err)
	}
}
