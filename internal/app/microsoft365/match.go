// Which account at Microsoft is whose.
package microsoft365

import (
	"cmp"
	"slices"
	"strings"

	"woggle/internal/directory"
)

// Person is an account of a tenant, as Graph shows it.
type Person struct {
	ID            string   `json:"id"`
	UPN           string   `json:"userPrincipalName"`
	DisplayName   string   `json:"displayName"`
	Mail          string   `json:"mail"`
	OtherMails    []string `json:"otherMails"`
	ImmutableID   string   `json:"onPremisesImmutableId"`
	Synced        bool     `json:"onPremisesSyncEnabled"` // from an Active Directory on the premises, which rules it
	UsageLocation string   `json:"usageLocation"`
	Enabled       bool     `json:"accountEnabled"`
	Type          string   `json:"userType"`
	Admin         bool     `json:"-"` // a Global Administrator; Graph tells it elsewhere
	Licences      []struct {
		SKU string `json:"skuId"`
	} `json:"assignedLicenses"`
}

// selection is what is asked of people: some of it Graph tells only when asked.
const selection = "id,userPrincipalName,displayName,mail,otherMails,onPremisesImmutableId,onPremisesSyncEnabled,usageLocation,accountEnabled,userType,assignedLicenses"

func (p *Person) guest() bool { return strings.EqualFold(p.Type, "Guest") }

func (p *Person) has(sku string) bool {
	for _, l := range p.Licences {
		if strings.EqualFold(l.SKU, sku) {
			return true
		}
	}
	return false
}

// Evidence is why an account is taken for somebody's.
type Evidence string

// The kinds of evidence, from the strongest.
const (
	Known       Evidence = "account"      // it was matched before: Microsoft's id is the same
	ByName      Evidence = "name"         // the user principal name is the user name here
	ByImmutable Evidence = "immutable-id" // it has the immutable id that was made for the user
	ByEmail     Evidence = "email"        // an administrator said so of two who share an address
	Made        Evidence = "made"         // we made it
)

// Member is somebody here.
type Member struct {
	User    directory.User
	Account Account // its Tenant is empty if nothing is known yet
}

// Pair is a member and their account.
type Pair struct {
	Member
	Wanted string  // the user principal name that the account should have, or empty: the user name cannot be one
	Person *Person // nil: no account was found
	By     Evidence
	Maybe  *Person // an account with the same e-mail address, or an administrator's with the name, which somebody has to confirm
	Doubt  string  // what somebody should look at, or empty
}

// Matching is all of a tenant's connected domains.
type Matching struct {
	Pairs   []Pair   // every member, in the order of their user names
	Strange []Person // enabled accounts in the domains that are nobody's here
}

// Match finds the accounts of the members among people. An e-mail address, which people can change by themselves, only
// suggests; confirmed are the ids of users of whom somebody said that the suggestion is right. Nor is a name enough for an account
// that rules the tenant: whoever may add people here, such as a system that keeps them over SCIM, could make somebody of that name.
// No account is two people's.
func Match(domains []Domain, members []Member, people []Person, confirmed []string) Matching {
	m := matcher{domains: domains, confirmed: confirmed, byID: map[string]*Person{}, byName: map[string]*Person{}, byImmutable: map[string]*Person{}, byMail: map[string][]*Person{}, taken: map[string]bool{}}
	m.index(people)
	pairs := make([]Pair, len(members))
	for i, member := range members {
		pairs[i] = Pair{Member: member, Wanted: wanted(domains, member.User.Username)}
	}
	// The strongest evidence of everybody goes before weaker evidence of anybody.
	for _, step := range []func(*Pair){m.known, m.named, m.immutable} {
		for i := range pairs {
			if pairs[i].Person == nil {
				step(&pairs[i])
			}
		}
	}
	shared := map[string]int{}
	for _, member := range members {
		shared[directory.Canonical(member.User.Email)]++
	}
	for i := range pairs {
		if p := &pairs[i]; p.Person == nil && p.Maybe == nil && shared[directory.Canonical(p.User.Email)] == 1 {
			m.mailed(p, slices.Contains(confirmed, p.User.ID))
		}
	}
	for i := range pairs {
		m.doubt(&pairs[i])
	}
	result := Matching{Pairs: pairs}
	for _, p := range people {
		if _, ours := domainOf(domains, p.UPN); ours && p.Enabled && !p.guest() && !m.taken[p.ID] {
			result.Strange = append(result.Strange, p)
		}
	}
	slices.SortFunc(result.Pairs, func(a, b Pair) int {
		return cmp.Compare(directory.Canonical(a.User.Username), directory.Canonical(b.User.Username))
	})
	slices.SortFunc(result.Strange, func(a, b Person) int { return cmp.Compare(a.UPN, b.UPN) })
	return result
}

type matcher struct {
	domains                   []Domain
	confirmed                 []string
	byID, byName, byImmutable map[string]*Person
	byMail                    map[string][]*Person
	taken                     map[string]bool // by their ids
}

// index files the people under what they are found by. Guests belong to another organisation.
func (m *matcher) index(people []Person) {
	for i := range people {
		p := &people[i]
		if p.guest() {
			continue
		}
		m.byID[strings.ToLower(p.ID)] = p
		if _, ours := domainOf(m.domains, p.UPN); !ours {
			continue
		}
		m.byName[strings.ToLower(p.UPN)] = p
		if p.ImmutableID != "" {
			m.byImmutable[p.ImmutableID] = p
		}
		var own []string
		for _, mail := range append([]string{p.Mail}, p.OtherMails...) {
			if key := directory.Canonical(mail); key != "" && !slices.Contains(own, key) {
				own = append(own, key)
				m.byMail[key] = append(m.byMail[key], p)
			}
		}
	}
}

func (m *matcher) take(pair *Pair, p *Person, by Evidence) {
	if p == nil || m.taken[p.ID] {
		return
	}
	pair.Person, pair.By, m.taken[p.ID] = p, by, true
}

func (m *matcher) known(pair *Pair) {
	if pair.Account.Object != "" {
		m.take(pair, m.byID[strings.ToLower(pair.Account.Object)], Known)
	}
}

func (m *matcher) named(pair *Pair) {
	p := m.byName[strings.ToLower(pair.Wanted)]
	if p != nil && p.Admin && !m.taken[p.ID] && !slices.Contains(m.confirmed, pair.User.ID) {
		pair.Maybe = p
		return
	}
	m.take(pair, p, ByName)
}

func (m *matcher) immutable(pair *Pair) {
	m.take(pair, m.byImmutable[pair.Account.ImmutableID], ByImmutable)
}

// mailed finds the one account with the person's address, and takes it only if that was confirmed.
func (m *matcher) mailed(pair *Pair, confirmed bool) {
	found := m.byMail[directory.Canonical(pair.User.Email)]
	if len(found) != 1 || m.taken[found[0].ID] {
		return
	}
	if !confirmed {
		pair.Maybe = found[0]
		return
	}
	m.take(pair, found[0], ByEmail)
}

// doubt says what somebody should look at.
func (m *matcher) doubt(pair *Pair) {
	p := pair.Person
	switch {
	case pair.Maybe != nil && p != nil: // found by stronger evidence
		pair.Maybe = nil
	case pair.Maybe != nil && pair.Maybe.Admin:
		pair.Doubt = "has the name of " + pair.Maybe.UPN + ", a Global Administrator of the tenant: if that is the same person, confirm it with --same " + pair.User.Username
	case pair.Maybe != nil:
		pair.Doubt = "has the same e-mail address as " + pair.Maybe.UPN + ": if that is the same person, confirm it with --same " + pair.User.Username
	case p == nil && pair.Account.Object != "":
		pair.Doubt = "the account " + pair.Account.UPN + " is not in the tenant any more"
	case p == nil && pair.Wanted == "":
		pair.Doubt = "the user name has a domain that is not connected"
	case p == nil:
	case pair.By == Known && pair.Account.ImmutableID != "" && p.ImmutableID != pair.Account.ImmutableID:
		pair.Doubt = "the immutable id at Microsoft was changed"
	case !m.ours(p):
		pair.Doubt = "the account " + p.UPN + " has left the connected domains"
	case strings.ContainsAny(p.ImmutableID, "+/= $_"):
		pair.Doubt = "the immutable id has characters that not every reader takes alike; try this person's sign-in first"
	}
}

func (m *matcher) ours(p *Person) bool { _, ours := domainOf(m.domains, p.UPN); return ours }

// wanted is the user principal name of a user: the user name if it has a connected domain, with the first domain if it has none.
func wanted(domains []Domain, username string) string {
	switch {
	case strings.Contains(username, "@"):
		if _, ours := domainOf(domains, username); !ours {
			return ""
		}
		return username
	case len(domains) == 0:
		return ""
	}
	return username + "@" + domains[0].Name
}
