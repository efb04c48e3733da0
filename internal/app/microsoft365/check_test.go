package microsoft365_test

import (
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/app/microsoft365"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
)

// ready is a tenant with which all is well: federated with us, everybody matched.
func ready(t *testing.T) (microsoft365.Connected, *microsoft365.Picture) {
	t.Helper()
	now := dbtest.NewClock().Now()
	signs := certificate(t, now)
	c := microsoft365.Connected{Tenant: microsoft365.Tenant{ID: tenantID}, Domains: slices.Clone(northwold[:1])}
	c.Domains[0].Protocol = microsoft365.WSFed
	glass := func(name string) microsoft365.Person {
		return microsoft365.Person{ID: name, UPN: name + "@northwold.onmicrosoft.com", Enabled: true}
	}
	jo := somebody("p1", "jo@northwold.example")
	jo.ImmutableID = "abc"
	place := microsoft365.Place{Name: "northwold.example", Kind: "Federated", Root: true, Verified: true,
		Federation: &microsoft365.Federation{ID: "f", Issuer: northwold[0].Issuer, Certificate: base64.StdEncoding.EncodeToString(signs.Raw)}}
	p := &microsoft365.Picture{At: now, Places: []microsoft365.Place{{Name: "northwold.onmicrosoft.com", Initial: true, Default: true, Root: true, Verified: true, Kind: "Managed"}, place},
		People: []microsoft365.Person{glass("glass1"), glass("glass2"), jo}, Admins: []microsoft365.Person{glass("glass1"), glass("glass2")},
		Members: []microsoft365.Member{member("u1", "jo", "", microsoft365.Account{Tenant: tenantID, Object: "p1", ImmutableID: "abc"})},
		Current: microsoft365.Fingerprint(signs.Raw), CertificateTo: signs.NotAfter, ProofTo: now.AddDate(1, 0, 0),
		Apps: map[microsoft365.Protocol]microsoft365.Answering{microsoft365.WSFed: {Found: true, ID: "m365"}}}
	return c, p
}

func TestChecks(t *testing.T) {
	next := "next"
	app := func(change func(*microsoft365.Answering)) func(*microsoft365.Picture) {
		return func(p *microsoft365.Picture) {
			a := p.Apps[microsoft365.WSFed]
			change(&a)
			p.Apps[microsoft365.WSFed] = a
		}
	}
	for _, test := range []struct {
		name   string
		change func(*microsoft365.Picture)
		want   string // what is not right, as "check level"
	}{
		{"all is well", func(*microsoft365.Picture) {}, ""},
		{"managed, not yet federated", func(p *microsoft365.Picture) { p.Places[1].Kind, p.Places[1].Federation = "managed", nil }, ""},
		{"the clock is a minute away", func(p *microsoft365.Picture) { p.Skew = -time.Minute }, "clock warning"},
		{"the clock is five minutes away", func(p *microsoft365.Picture) { p.Skew = 5 * time.Minute }, "clock wrong"},
		{"no such domain", func(p *microsoft365.Picture) { p.Places = p.Places[:1] }, "domain-present wrong"},
		{"not verified", func(p *microsoft365.Picture) { p.Places[1].Verified = false }, "domain-verified wrong"},
		{"the default domain", func(p *microsoft365.Picture) { p.Places[1].Default = true }, "domain-not-default wrong"},
		{"below another domain", func(p *microsoft365.Picture) { p.Places[1].Root = false }, "domain-root wrong"},
		{"federated with somebody else", func(p *microsoft365.Picture) { p.Places[1].Federation.Issuer = "http://adfs.example" }, "domain-free wrong"},
		{"federated from above", func(p *microsoft365.Picture) { p.Places[1].Federation = nil }, "domain-free wrong"},
		{"one administrator only", func(p *microsoft365.Picture) { p.Admins = p.Admins[:1] }, "break-glass wrong"},
		{"one is switched off", func(p *microsoft365.Picture) { p.Admins[0].Enabled = false }, "break-glass wrong"},
		{"one is in our domain", func(p *microsoft365.Picture) { p.Admins[0].UPN = "ruth@northwold.example" }, "break-glass wrong, administrators warning"},
		{"one comes from an Active Directory", func(p *microsoft365.Picture) { p.Admins[0].Synced = true }, "break-glass wrong"},
		{"one is a guest", func(p *microsoft365.Picture) { p.Admins[0].Type = "Guest" }, "break-glass wrong"},
		{"one could be named by us", func(p *microsoft365.Picture) { p.Admins[0].ImmutableID = "x" }, "break-glass wrong, administrators warning"},
		{"a domain that only looks like Microsoft's", func(p *microsoft365.Picture) { p.Admins[0].UPN = "a@evilonmicrosoft.com" }, "break-glass wrong"},
		{"security defaults", func(p *microsoft365.Picture) { p.DefaultsOn = true }, "security-defaults warning"},
		{"a new certificate for Graph", func(p *microsoft365.Picture) { p.ProofPending = true }, "graph-certificate warning"},
		{"the one for Graph ends in 59 days", func(p *microsoft365.Picture) { p.ProofTo = p.At.AddDate(0, 0, 59) }, "graph-certificate warning"},
		{"a secret, whose end is not known", func(p *microsoft365.Picture) { p.ProofTo = time.Time{} }, ""},
		{"no immutable id", func(p *microsoft365.Picture) { p.People[2].ImmutableID = "" }, "immutable-ids wrong, people-to-look-at warning"},
		{"another immutable id than here", func(p *microsoft365.Picture) { p.People[2].ImmutableID = "other" }, "immutable-ids wrong, people-to-look-at warning"},
		{"not matched yet", func(p *microsoft365.Picture) { p.Members[0].Account = microsoft365.Account{} }, "immutable-ids wrong"},
		{"a stranger", func(p *microsoft365.Picture) {
			p.People = append(p.People, microsoft365.Person{ID: "p2", UPN: "x@northwold.example", Enabled: true, ImmutableID: "y"})
		}, "people-unknown-here wrong"},
		{"a newcomer", func(p *microsoft365.Picture) {
			p.Members = append(p.Members, member("u2", "zoe", "", microsoft365.Account{}))
		}, "people-without-account warning"},
		{"somebody has left here only", func(p *microsoft365.Picture) { p.Members[0].User.Status = directory.Disabled }, "people-to-look-at warning"},
		{"a newcomer has left already", func(p *microsoft365.Picture) {
			m := member("u2", "zoe", "", microsoft365.Account{})
			m.User.Status = directory.Disabled
			p.Members = append(p.Members, m)
		}, ""},
		{"an old kind of immutable id", func(p *microsoft365.Picture) {
			p.People[2].ImmutableID, p.Members[0].Account.ImmutableID = "a+b/c==", "a+b/c=="
		}, "people-to-look-at warning"},
		{"Microsoft takes another certificate", func(p *microsoft365.Picture) { p.Current = "other" }, "signing-certificate wrong"},
		{"the next certificate is not known there", func(p *microsoft365.Picture) { p.Next = "next" }, "signing-certificate wrong"},
		{"one that nobody signs with is known there", func(p *microsoft365.Picture) {
			text := base64.StdEncoding.EncodeToString([]byte(next))
			p.Places[1].Federation.Next = &text
		}, "signing-certificate warning"},
		{"ours is the next one there", func(p *microsoft365.Picture) {
			text := base64.StdEncoding.EncodeToString([]byte(next))
			p.Places[1].Federation.Next, p.Current = &text, microsoft365.Fingerprint([]byte(next))
		}, "signing-certificate warning"},
		{"the one that signs ends in 59 days", func(p *microsoft365.Picture) { p.CertificateTo = p.At.AddDate(0, 0, 59) }, "signing-certificate warning"},
		{"nobody answers Microsoft", app(func(a *microsoft365.Answering) { a.Found = false }), "app wrong"},
		{"the app is disabled", app(func(a *microsoft365.Answering) { a.Disabled = true }), "app wrong"},
		{"the app is for some only", app(func(a *microsoft365.Answering) { a.Groups = true }), "app warning"},
		{"the app knows better who people are", app(func(a *microsoft365.Answering) { a.Own = true }), "app wrong"},
		{"the app says the same", app(func(a *microsoft365.Answering) {
			a.Own, a.Domains = true, map[string]string{"northwold.example": northwold[0].Issuer}
		}), ""},
		{"people cannot be read", func(p *microsoft365.Picture) {
			p.Unread = microsoft365.Unreadable(errors.New("no permission"))
			p.People = nil
		}, "readable wrong"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, p := ready(t)
			test.change(p)
			base, _ := url.Parse("https://signin.northwold.example")
			var got []string
			for _, r := range microsoft365.CheckAll(base, c, p) {
				if r.Level != microsoft365.Right {
					got = append(got, string(r.Check)+" "+string(r.Level))
				}
				if r.Level == microsoft365.Wrong && r.Do == "" {
					t.Errorf("%s does not say what to do", r.Check)
				}
			}
			if joined := strings.Join(got, ", "); joined != test.want {
				t.Errorf("%q, want %q", joined, test.want)
			}
		})
	}
}

// Microsoft sends browsers to the site, so it has to be one that they can reach.
func TestTheSiteHasToBeReachable(t *testing.T) {
	c, p := ready(t)
	for address, want := range map[string]microsoft365.Level{"https://signin.example.org": microsoft365.Right, "http://signin.example.org": microsoft365.Wrong, "https://localhost:8443": microsoft365.Wrong} {
		base, _ := url.Parse(address)
		for _, r := range microsoft365.CheckAll(base, c, p) {
			if r.Check == microsoft365.CheckSite && r.Level != want {
				t.Errorf("%s is %s", address, r.Level)
			}
		}
	}
}

func TestWorst(t *testing.T) {
	all := []microsoft365.Result{{Check: "a", Level: microsoft365.Right}, {Check: "b", Level: microsoft365.Wrong}, {Check: "c", Level: microsoft365.Warning}}
	if w := microsoft365.Worst(all, nil); w != microsoft365.Wrong {
		t.Error(w)
	}
	if w := microsoft365.Worst(all, []string{"b"}); w != microsoft365.Warning {
		t.Error(w)
	}
	if sorted := microsoft365.Sorted(all); sorted[0].Check != "b" || sorted[2].Check != "a" {
		t.Error(sorted)
	}
}

// The application lacks a permission: everything else is looked at, and what is missing is said.
func TestAMissingPermissionIsSaid(t *testing.T) {
	d, clock := dbtest.Open(t)
	w := newWorld(t, d, clock)
	c := w.connect()
	w.entra.Look(func() {
		w.tenant.Apps[0].Roles = slices.DeleteFunc(w.tenant.Apps[0].Roles, func(role string) bool { return role == "Policy.Read.All" })
	})
	if level := w.level(c, microsoft365.CheckReadable); level != microsoft365.Wrong {
		t.Fatalf("what cannot be read is %s", level)
	}
	if level := w.level(c, microsoft365.CheckBreakGlass); level != microsoft365.Right {
		t.Fatalf("what can be read is %s", level)
	}
	if level := w.level(c, microsoft365.CheckDefaults); level != "not looked at" {
		t.Fatalf("what could not be read was judged: %s", level)
	}
}
