// What is to be made and changed in a tenant: the difference between here and there, worked out before anything happens.
package microsoft365

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/directory"
)

// Kind is what a step does.
type Kind string

// The kinds, in the order in which they are done: keeping somebody out comes first, and a licence needs an account and its
// location.
const (
	Disable     Kind = "disable"      // switches the account off and ends its sessions
	Enable      Kind = "enable"       // on again, if it was we who switched it off
	GiveID      Kind = "immutable-id" // gives an account the name under which we speak of it
	Create      Kind = "create"
	GiveLicence Kind = "licence" // with the location that it needs
)

var order = []Kind{Disable, Enable, GiveID, Create, GiveLicence}

// Step is one change of one account.
type Step struct {
	Place   int64
	User    string // id of the person here
	Kind    Kind
	UPN     string
	Data    Data
	State   State
	Trouble string // why it failed
	EndedAt time.Time
}

// Data is what a step needs to be done again after a crash.
type Data struct {
	Object      string   `json:"object,omitempty"` // Microsoft's id of the account
	ImmutableID string   `json:"immutable_id,omitempty"`
	DisplayName string   `json:"display_name,omitempty"`
	GivenName   string   `json:"given_name,omitempty"`
	FamilyName  string   `json:"family_name,omitempty"`
	Nickname    string   `json:"nickname,omitempty"`
	Email       string   `json:"email,omitempty"`
	Location    string   `json:"location,omitempty"` // ISO 3166-1; empty: it has one
	Licences    []string `json:"licences,omitempty"` // ids of SKUs
}

// State is how far a step is.
type State string

// The states.
const (
	Waiting State = "waiting"
	Doing   State = "doing" // asked for; if we died then, nobody knows whether it was done
	Done    State = "done"
	Skipped State = "skipped" // not needed any more, or somebody's to decide anew
	Failed  State = "failed"  // tried again when somebody goes on
)

// Wishes are what an administrator wants besides keeping out who has left.
type Wishes struct {
	Create   bool
	Location string   // ISO 3166-1: where the service is used; for new people, and those who have none
	Licences []string // ids of SKUs that everybody is to have
	Only     []string // ids of users: new accounts and licences for nobody else; nil: for everybody
	Anew     []string // ids of users who get an account of their own although one with their e-mail address exists
}

func (w Wishes) check() error {
	if w.Location != "" && !location.MatchString(w.Location) {
		return fmt.Errorf("%q is no country: write two letters, as in GB", w.Location)
	}
	if w.Create && w.Location == "" {
		return errors.New("for new accounts Microsoft wants to know the country: add --location GB")
	}
	return nil
}

var location = regexp.MustCompile(`^[A-Z]{2}$`)

// Preview is a plan before it is stored.
type Preview struct {
	Steps []Step
	Left  []string // what is not done, and why
}

// MakePlan works out the steps. What cannot be done is told with the reason. It makes new immutable ids, so two plans differ
// in them.
func MakePlan(domains []Domain, m Matching, w Wishes) Preview {
	p := planner{wishes: w, domains: domains, names: map[string]bool{}}
	for _, pair := range m.Pairs {
		if pair.Person != nil {
			p.existing(pair)
		} else {
			p.missing(pair)
		}
	}
	slices.SortStableFunc(p.Steps, func(a, b Step) int {
		return cmp.Or(slices.Index(order, a.Kind)-slices.Index(order, b.Kind), cmp.Compare(a.UPN, b.UPN))
	})
	for i := range p.Steps {
		p.Steps[i].Place, p.Steps[i].State = int64(i+1), Waiting
	}
	return p.Preview
}

type planner struct {
	Preview
	wishes  Wishes
	domains []Domain
	names   map[string]bool // user principal names that are about to be made
}

func (p *planner) leave(format string, args ...any) {
	p.Left = append(p.Left, fmt.Sprintf(format, args...))
}

func (p *planner) add(pair Pair, kind Kind, upn string, data Data) {
	p.Steps = append(p.Steps, Step{User: pair.User.ID, Kind: kind, UPN: upn, Data: data})
}

// existing plans for somebody who has an account.
func (p *planner) existing(pair Pair) {
	who, data := pair.Person, Data{Object: pair.Person.ID}
	domain, ours := domainOf(p.domains, who.UPN)
	gone := pair.User.Status != directory.Active
	_, place, _ := strings.Cut(strings.ToLower(who.UPN), "@")
	switch {
	case !ours && pair.By == Known && who.ImmutableID == "" && !gone && !who.Synced && atMicrosoft(place):
		// In a federated domain no id can be given: so the account was moved out of it for a moment.
		p.add(pair, GiveID, who.UPN, Data{Object: who.ID, ImmutableID: NewImmutableID()})
		return
	case !ours:
		p.leave("%s: %s", pair.User.Username, pair.Doubt)
		return
	case pair.By != Known:
		p.leave("%s: the account seems to be %s; say so first: woggle microsoft365 match --go", pair.User.Username, who.UPN)
		return
	case gone && who.Enabled:
		p.add(pair, Disable, who.UPN, data)
	case !gone && !who.Enabled && !pair.Account.DisabledAt.IsZero():
		p.add(pair, Enable, who.UPN, data)
	case !gone && !who.Enabled:
		p.leave("%s: %s was switched off at Microsoft, and not by us", pair.User.Username, who.UPN)
	}
	if who.ImmutableID == "" && !gone {
		switch {
		case who.Synced:
			p.leave("%s: %s comes from an Active Directory, which gives it its immutable id by itself", pair.User.Username, who.UPN)
		case domain.Configuration != "":
			p.leave("%s: %s has no immutable id, and none can be given while %s is federated; the document on Microsoft 365 says how", pair.User.Username, who.UPN, domain.Name)
		default:
			p.add(pair, GiveID, who.UPN, Data{Object: who.ID, ImmutableID: NewImmutableID()})
		}
	}
	if !gone && p.chosen(pair.User.ID) {
		p.license(pair, who)
	}
}

// license plans the licences that somebody does not have.
func (p *planner) license(pair Pair, who *Person) {
	data := Data{Object: who.ID}
	for _, sku := range p.wishes.Licences {
		if !who.has(sku) {
			data.Licences = append(data.Licences, sku)
		}
	}
	if len(data.Licences) == 0 {
		return
	}
	if who.UsageLocation == "" {
		if data.Location = p.wishes.Location; data.Location == "" {
			p.leave("%s: %s needs a country before a licence: add --location GB", pair.User.Username, who.UPN)
			return
		}
	}
	p.add(pair, GiveLicence, who.UPN, data)
}

func (p *planner) chosen(user string) bool {
	return p.wishes.Only == nil || slices.Contains(p.wishes.Only, user)
}

// missing plans for somebody who has no account.
func (p *planner) missing(pair Pair) {
	switch {
	case pair.User.Status != directory.Active || !p.wishes.Create || !p.chosen(pair.User.ID):
		return
	case pair.Maybe != nil && !slices.Contains(p.wishes.Anew, pair.User.ID):
		p.leave("%s %s, or give them a new account with --anew %s", pair.User.Username, pair.Doubt, pair.User.Username)
		return
	case pair.Account.Object != "":
		p.leave("%s: %s; it can be brought back for 30 days, under Deleted users", pair.User.Username, pair.Doubt)
		return
	}
	upn, why := newUPN(pair.Wanted)
	if why != "" {
		p.leave("%s: %s", pair.User.Username, why)
		return
	}
	if p.names[strings.ToLower(upn)] {
		p.leave("%s: the name %s is another new person's already", pair.User.Username, upn)
		return
	}
	p.names[strings.ToLower(upn)] = true
	id := pair.Account.ImmutableID // of a try that was stopped: the same again, so that one account comes of both
	if id == "" {
		id = NewImmutableID()
	}
	local, _, _ := strings.Cut(upn, "@")
	p.add(pair, Create, upn, Data{ImmutableID: id, DisplayName: cut(pair.User.Name(), 256), GivenName: cut(pair.User.GivenName, 64), FamilyName: cut(pair.User.FamilyName, 64),
		Nickname: local, Email: pair.User.Email, Location: p.wishes.Location})
	if len(p.wishes.Licences) > 0 {
		p.add(pair, GiveLicence, upn, Data{Licences: slices.Clone(p.wishes.Licences)})
	}
}

// cut is a text of at most so many characters, as Microsoft bounds it.
func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}

var upnLocal = regexp.MustCompile(`^[A-Za-z0-9'.\-_!#^~]{1,64}$`)

// newUPN is the user principal name for a wanted one: without accents, which Microsoft does not take. It tells why there is none.
func newUPN(wanted string) (upn, why string) {
	local, domain, found := strings.Cut(wanted, "@")
	if !found {
		return "", "the user name has a domain that is not connected"
	}
	local = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(local))
	switch {
	case !upnLocal.MatchString(local) || strings.HasSuffix(local, ".") || strings.HasPrefix(local, "."):
		return "", fmt.Sprintf("Microsoft does not take the name %q: use letters, digits and ' . - _ ! # ^ ~", local)
	case len(domain) > 48:
		return "", "Microsoft takes no names in a domain as long as " + domain
	}
	return local + "@" + domain, ""
}

func (d Data) text() (string, error) {
	raw, err := json.Marshal(d)
	return string(raw), err
}

// Look reads a tenant and finds out which account is whose. Confirmed are the ids of users whose account was found by e-mail.
func (m *Manager) Look(ctx context.Context, c Connected, confirmed []string) (Matching, *graph.Client, error) {
	client, _, err := m.client(ctx, c.Tenant)
	if err != nil {
		return Matching{}, nil, err
	}
	found, err := graph.List[Person](ctx, client, "/v1.0/users?$top=999&$select="+selection, false)
	if err != nil {
		return Matching{}, nil, err
	}
	rule, err := administrators(ctx, client)
	if err != nil {
		return Matching{}, nil, err
	}
	markAdmins(found, rule)
	members, err := m.members(ctx, c.Tenant.ID)
	if err != nil {
		return Matching{}, nil, err
	}
	return Match(c.Domains, members, found, confirmed), client, nil
}

// Licence is a licence that the tenant has bought.
type Licence struct {
	ID   string `json:"skuId"`
	Name string `json:"skuPartNumber"`
	Used int    `json:"consumedUnits"`
	Paid struct {
		Enabled int `json:"enabled"`
	} `json:"prepaidUnits"`
}

// Plan works out what is to be done in a tenant. Licences are named as Microsoft names them, or by id.
func (m *Manager) Plan(ctx context.Context, c Connected, w Wishes) (Preview, error) {
	if err := w.check(); err != nil {
		return Preview{}, err
	}
	matching, client, err := m.Look(ctx, c, nil)
	if err != nil {
		return Preview{}, err
	}
	if w.Licences, err = licences(ctx, client, w.Licences); err != nil {
		return Preview{}, err
	}
	if c.Domains, err = m.refresh(ctx, client, c.Domains); err != nil {
		return Preview{}, err
	}
	return MakePlan(c.Domains, matching, w), nil
}

// refresh tells of each domain whether it is federated now. Whoever federated it, no immutable id can be given then.
func (m *Manager) refresh(ctx context.Context, client *graph.Client, domains []Domain) ([]Domain, error) {
	federated, err := m.federatedNow(ctx, client)
	if err != nil {
		return nil, err
	}
	now := make([]Domain, len(domains))
	for i, d := range domains {
		if d.Configuration = ""; federated[d.Name] {
			d.Configuration = "federated"
		}
		now[i] = d
	}
	return now, nil
}

// licences are the ids of licences by name or id.
func licences(ctx context.Context, client *graph.Client, named []string) (ids []string, err error) {
	if len(named) == 0 {
		return nil, nil
	}
	all, err := graph.List[Licence](ctx, client, "/v1.0/subscribedSkus", false)
	if err != nil {
		return nil, err
	}
	var have []string
	for _, l := range all {
		have = append(have, fmt.Sprintf("%s (%d of %d used)", l.Name, l.Used, l.Paid.Enabled))
	}
	for _, name := range named {
		found := ""
		for _, l := range all {
			if strings.EqualFold(l.Name, name) || strings.EqualFold(l.ID, name) {
				found = l.ID
			}
		}
		if found == "" {
			return nil, fmt.Errorf("the tenant has no licence %q; it has: %s", name, strings.Join(have, ", "))
		}
		ids = append(ids, found)
	}
	return ids, nil
}
