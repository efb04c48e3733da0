package microsoft365_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/app/microsoft365"
	"woggle/internal/directory"
)

var northwold = []microsoft365.Domain{{Name: "northwold.example", Tenant: tenantID, Issuer: "https://signin.northwold.example/microsoft365/northwold.example"}, {Name: "fenland.example", Tenant: tenantID}}

// member is somebody here, as "name", "name <mail>" with an account's object and immutable id after it.
func member(id, name, mail string, account microsoft365.Account) microsoft365.Member {
	return microsoft365.Member{User: directory.User{ID: id, Username: name, Email: mail, Status: directory.Active}, Account: account}
}

func somebody(id, upn string) microsoft365.Person {
	return microsoft365.Person{ID: id, UPN: upn, Enabled: true}
}

func TestMatch(t *testing.T) {
	with := func(p microsoft365.Person, change func(*microsoft365.Person)) microsoft365.Person {
		change(&p)
		return p
	}
	mailed := func(id, upn string, mails ...string) microsoft365.Person {
		return with(somebody(id, upn), func(p *microsoft365.Person) { p.Mail, p.OtherMails = mails[0], mails[1:] })
	}
	matched := func(object, immutable string) microsoft365.Account {
		return microsoft365.Account{Tenant: tenantID, Object: object, ImmutableID: immutable}
	}
	none := microsoft365.Account{}
	for _, test := range []struct {
		name    string
		members []microsoft365.Member
		people  []microsoft365.Person
		same    []string
		want    string // user=person by evidence ?maybe, then the strangers
	}{
		{"by name, in any case, with the first domain", []microsoft365.Member{member("u1", "jo", "", none)}, []microsoft365.Person{somebody("p1", "JO@Northwold.example")}, nil, "jo=p1/name"},
		{"by a name with a domain", []microsoft365.Member{member("u1", "jo@fenland.example", "", none)}, []microsoft365.Person{somebody("p1", "jo@northwold.example"), somebody("p2", "jo@fenland.example")}, nil, "jo@fenland.example=p2/name p1"},
		{"in a domain below", []microsoft365.Member{member("u1", "jo@cubs.northwold.example", "", none)}, []microsoft365.Person{somebody("p1", "jo@cubs.northwold.example")}, nil, "jo@cubs.northwold.example=p1/name"},
		{"a name in a domain that only ends alike", []microsoft365.Member{member("u1", "jo@evilnorthwold.example", "", none)}, []microsoft365.Person{somebody("p1", "jo@evilnorthwold.example")}, nil, "jo@evilnorthwold.example="},
		{"Microsoft's id goes before the name", []microsoft365.Member{member("u1", "jo", "", matched("p2", "x"))}, []microsoft365.Person{somebody("p1", "jo@northwold.example"), with(somebody("p2", "jo.smith@northwold.example"), func(p *microsoft365.Person) { p.ImmutableID = "x" })}, nil, "jo=p2/account p1"},
		{"by the immutable id that was made", []microsoft365.Member{member("u1", "jo", "", matched("", "made"))}, []microsoft365.Person{with(somebody("p1", "other@northwold.example"), func(p *microsoft365.Person) { p.ImmutableID = "made" })}, nil, "jo=p1/immutable-id"},
		{"an immutable id is told apart by case", []microsoft365.Member{member("u1", "jo", "", matched("", "made"))}, []microsoft365.Person{with(somebody("p1", "other@northwold.example"), func(p *microsoft365.Person) { p.ImmutableID = "MADE" })}, nil, "jo= p1"},
		{"an address only suggests", []microsoft365.Member{member("u1", "jo", "jo@example.org", none)}, []microsoft365.Person{mailed("p1", "j.smith@northwold.example", "JO@example.org")}, nil, "jo=?p1 p1"},
		{"and is enough when it was confirmed", []microsoft365.Member{member("u1", "jo", "jo@example.org", none)}, []microsoft365.Person{mailed("p1", "j.smith@northwold.example", "", "jo@example.org")}, []string{"u1"}, "jo=p1/email"},
		{"an address that two have here is nobody's", []microsoft365.Member{member("u1", "jo", "us@example.org", none), member("u2", "al", "us@example.org", none)}, []microsoft365.Person{mailed("p1", "s@northwold.example", "us@example.org")}, []string{"u1"}, "al= jo= p1"},
		{"an address that two have there is nobody's", []microsoft365.Member{member("u1", "jo", "us@example.org", none)}, []microsoft365.Person{mailed("p1", "s@northwold.example", "us@example.org"), mailed("p2", "t@northwold.example", "", "us@example.org")}, []string{"u1"}, "jo= p1 p2"},
		{"an address twice at one account is one", []microsoft365.Member{member("u1", "jo", "us@example.org", none)}, []microsoft365.Person{mailed("p1", "s@northwold.example", "us@example.org", "US@example.org")}, nil, "jo=?p1 p1"},
		{"the name of one goes before the address of another", []microsoft365.Member{member("u1", "al", "jo@northwold.example", none), member("u2", "jo", "", none)}, []microsoft365.Person{mailed("p1", "jo@northwold.example", "jo@northwold.example")}, []string{"u1"}, "al= jo=p1/name"},
		{"no account is two people's", []microsoft365.Member{member("u1", "al", "", matched("p1", "")), member("u2", "jo", "", none)}, []microsoft365.Person{somebody("p1", "jo@northwold.example")}, nil, "al=p1/account jo="},
		{"guests are another organisation's", []microsoft365.Member{member("u1", "jo", "jo@example.org", none)}, []microsoft365.Person{with(mailed("p1", "jo@northwold.example", "jo@example.org"), func(p *microsoft365.Person) { p.Type = "Guest" })}, nil, "jo="},
		{"accounts outside the domains are left alone", []microsoft365.Member{member("u1", "jo", "jo@example.org", none)}, []microsoft365.Person{mailed("p1", "glass@northwold.onmicrosoft.com", "jo@example.org")}, []string{"u1"}, "jo="},
		{"an account that is off is no stranger", nil, []microsoft365.Person{with(somebody("p1", "room@northwold.example"), func(p *microsoft365.Person) { p.Enabled = false })}, nil, ""},
		{"the name of somebody who rules the tenant only suggests", []microsoft365.Member{member("u1", "jo", "", none)}, []microsoft365.Person{with(somebody("p1", "jo@northwold.example"), func(p *microsoft365.Person) { p.Admin = true })}, nil, "jo=?p1 p1"},
		{"and is enough when it was confirmed ", []microsoft365.Member{member("u1", "jo", "", none)}, []microsoft365.Person{with(somebody("p1", "jo@northwold.example"), func(p *microsoft365.Person) { p.Admin = true })}, []string{"u1"}, "jo=p1/name"},
		{"nor does the address take them without a word", []microsoft365.Member{member("u1", "jo", "jo@example.org", none)}, []microsoft365.Person{with(mailed("p1", "jo@northwold.example", "jo@example.org"), func(p *microsoft365.Person) { p.Admin = true })}, nil, "jo=?p1 p1"},
		{"nobody has no address in common", []microsoft365.Member{member("u1", "jo", "", none)}, []microsoft365.Person{somebody("p1", "s@northwold.example")}, []string{"u1"}, "jo= p1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := microsoft365.Match(northwold, test.members, test.people, test.same)
			var got []string
			for _, pair := range m.Pairs {
				text := pair.User.Username + "="
				if pair.Person != nil {
					text += pair.Person.ID + "/" + string(pair.By)
				}
				if pair.Maybe != nil {
					text += "?" + pair.Maybe.ID
				}
				got = append(got, text)
			}
			for _, s := range m.Strange {
				got = append(got, s.ID)
			}
			slices.Sort(got[len(m.Pairs):])
			if joined := strings.Join(got, " "); joined != test.want {
				t.Errorf("%s, want %s", joined, test.want)
			}
		})
	}
}

func TestWhatIsPlanned(t *testing.T) {
	known := func(id, immutable string) microsoft365.Account {
		return microsoft365.Account{Tenant: tenantID, Object: id, ImmutableID: immutable}
	}
	type change func(*microsoft365.Member, *microsoft365.Person)
	pair := func(changes ...change) ([]microsoft365.Member, []microsoft365.Person) {
		m, p := member("u1", "jo", "", known("p1", "abc")), somebody("p1", "jo@northwold.example")
		p.ImmutableID, p.UsageLocation = "abc", "GB"
		for _, c := range changes {
			c(&m, &p)
		}
		return []microsoft365.Member{m}, []microsoft365.Person{p}
	}
	left := func(m *microsoft365.Member, _ *microsoft365.Person) { m.User.Status = directory.Disabled }
	locked := func(m *microsoft365.Member, _ *microsoft365.Person) { m.User.Status = directory.Locked }
	off := func(_ *microsoft365.Member, p *microsoft365.Person) { p.Enabled = false }
	byUs := func(m *microsoft365.Member, _ *microsoft365.Person) { m.Account.DisabledAt = time.Unix(1, 0) }
	noID := func(m *microsoft365.Member, p *microsoft365.Person) { m.Account.ImmutableID, p.ImmutableID = "", "" }
	synced := func(_ *microsoft365.Member, p *microsoft365.Person) { p.Synced = true }
	unsaid := func(m *microsoft365.Member, _ *microsoft365.Person) { m.Account = microsoft365.Account{} }
	moved := func(_ *microsoft365.Member, p *microsoft365.Person) { p.UPN = "jo@northwold.onmicrosoft.com" }
	nowhere := func(_ *microsoft365.Member, p *microsoft365.Person) { p.UsageLocation = "" }
	deleted := func(_ *microsoft365.Member, p *microsoft365.Person) { p.ID, p.UPN, p.Type = "guest", "x", "Guest" }
	fresh := func(name string) []change {
		return []change{unsaid, deleted, func(m *microsoft365.Member, _ *microsoft365.Person) { m.User.Username = name }}
	}
	wish := microsoft365.Wishes{Create: true, Location: "GB", Licences: []string{"sku"}}
	for _, test := range []struct {
		name      string
		changes   []change
		federated bool
		wishes    microsoft365.Wishes
		want      string // kinds of steps; + how many were left
	}{
		{"all is well", nil, false, microsoft365.Wishes{}, ""},
		{"has left", []change{left}, false, wish, "disable"},
		{"is locked", []change{locked}, false, wish, "disable"},
		{"has left, and is off", []change{left, off}, false, wish, ""},
		{"has left, without an id", []change{left, noID}, false, wish, "disable"},
		{"is back", []change{off, byUs}, false, microsoft365.Wishes{}, "enable"},
		{"somebody else switched it off", []change{off}, false, microsoft365.Wishes{}, "+1"},
		{"has no id", []change{noID}, false, microsoft365.Wishes{}, "immutable-id"},
		{"has no id, and the domain is federated", []change{noID}, true, microsoft365.Wishes{}, "+1"},
		{"has no id, and comes from an Active Directory", []change{noID, synced}, false, microsoft365.Wishes{}, "+1"},
		{"nobody said that the account is theirs", []change{unsaid, noID}, false, wish, "+1"},
		{"has left, and nobody said that the account is theirs", []change{unsaid, left}, false, wish, "+1"},
		{"has left the domains", []change{moved}, false, wish, "+1"},
		{"was moved out of the federated domain to get an id", []change{noID, moved}, true, microsoft365.Wishes{}, "immutable-id"},
		{"was moved out, and nobody said whose it is", []change{noID, moved, unsaid}, true, microsoft365.Wishes{}, ""},
		{"a licence", nil, false, microsoft365.Wishes{Licences: []string{"sku"}}, "licence"},
		{"a licence, without a country", []change{nowhere}, false, microsoft365.Wishes{Licences: []string{"sku"}}, "+1"},
		{"a licence, for others only", nil, false, microsoft365.Wishes{Licences: []string{"sku"}, Only: []string{}}, ""},
		{"a new person", fresh("jo"), false, wish, "create licence"},
		{"a new person, who is not asked for", fresh("jo"), false, microsoft365.Wishes{Location: "GB"}, ""},
		{"a new person, not in the group", fresh("jo"), false, microsoft365.Wishes{Create: true, Location: "GB", Only: []string{"u2"}}, ""},
		{"a new person who has left already", append(fresh("jo"), left), false, wish, ""},
		{"a new person of another domain", fresh("jo@elsewhere.example"), false, wish, "+1"},
		{"a new person with a name that Microsoft does not take", fresh("jo+1"), false, wish, "+1"},
		{"an account that was deleted there", []change{deleted}, false, wish, "+1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			domains := slices.Clone(northwold)
			if test.federated {
				domains[0].Configuration = "x"
			}
			members, people := pair(test.changes...)
			preview := microsoft365.MakePlan(domains, microsoft365.Match(domains, members, people, nil), test.wishes)
			var got []string
			for i, s := range preview.Steps {
				got = append(got, string(s.Kind))
				if s.Place != int64(i+1) || s.State != microsoft365.Waiting || s.User != "u1" {
					t.Errorf("%+v", s)
				}
			}
			if len(preview.Left) > 0 {
				got = append(got, fmt.Sprintf("+%d", len(preview.Left)))
			}
			if joined := strings.Join(got, " "); joined != test.want {
				t.Errorf("%s, want %s; left: %v", joined, test.want, preview.Left)
			}
		})
	}
}

// Two new people cannot get one name, and the address of an old account makes us ask.
func TestNewAccountsDoNotCollide(t *testing.T) {
	members := []microsoft365.Member{member("u1", "jo", "", microsoft365.Account{}), member("u2", "jo@northwold.example", "", microsoft365.Account{}), member("u3", "al", "al@example.org", microsoft365.Account{})}
	old := somebody("p1", "old@northwold.example")
	old.Mail = "al@example.org"
	plan := func(w microsoft365.Wishes) microsoft365.Preview {
		w.Create, w.Location = true, "GB"
		return microsoft365.MakePlan(northwold, microsoft365.Match(northwold, members, []microsoft365.Person{old}, nil), w)
	}
	if p := plan(microsoft365.Wishes{}); len(p.Steps) != 1 || len(p.Left) != 2 {
		t.Errorf("%+v", p)
	}
	if p := plan(microsoft365.Wishes{Anew: []string{"u3"}}); len(p.Steps) != 2 || len(p.Left) != 1 {
		t.Errorf("%+v", p)
	}
}

// Every reader takes these characters alike, and nobody meets the same one twice.
func TestImmutableIDs(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := microsoft365.NewImmutableID()
		if len(id) != 26 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") != "" || seen[id] {
			t.Fatalf("%q", id)
		}
		seen[id] = true
	}
}
