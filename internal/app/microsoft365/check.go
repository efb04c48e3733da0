// What has to be so before people of a domain are sent here, so that nobody is locked out.
package microsoft365

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/directory"
)

// Check names one thing that is looked at. Names are for --despite, so they stay.
type Check string

// The checks.
const (
	CheckClock       Check = "clock"
	CheckSite        Check = "site"
	CheckProof       Check = "graph-certificate"
	CheckReadable    Check = "readable"
	CheckPresent     Check = "domain-present"
	CheckVerified    Check = "domain-verified"
	CheckDefault     Check = "domain-not-default"
	CheckRoot        Check = "domain-root"
	CheckFree        Check = "domain-free"
	CheckBreakGlass  Check = "break-glass"
	CheckAdmins      Check = "administrators"
	CheckImmutable   Check = "immutable-ids"
	CheckStrangers   Check = "people-unknown-here"
	CheckNewcomers   Check = "people-without-account"
	CheckUncertain   Check = "people-to-look-at"
	CheckDefaults    Check = "security-defaults"
	CheckCertificate Check = "signing-certificate"
	CheckApp         Check = "app"
)

// Level is how bad a result is.
type Level string

// The levels. While there is a Wrong, a domain is not federated unless somebody says so for that check by name.
const (
	Right   Level = "ok"
	Warning Level = "warning"
	Wrong   Level = "wrong"
)

// Result is what came of a check.
type Result struct {
	Check  Check    `json:"check"`
	Domain string   `json:"domain,omitempty"` // empty: it is about the tenant
	Level  Level    `json:"level"`
	What   string   `json:"what"`
	Do     string   `json:"do,omitempty"`
	People []string `json:"people,omitempty"`
}

// How far clocks may be apart. Microsoft names no bound; five minutes is what is usually taken.
const (
	skewNoticed = 30 * time.Second
	skewWrong   = 4 * time.Minute
)

// breakGlass is how many administrators have to be able to get in without us.
const breakGlass = 2

// CheckAll judges the picture, for the tenant and each of its connected domains. It is pure.
func CheckAll(base *url.URL, c Connected, p *Picture) (all []Result) {
	all = append(all, checkClock(p), checkSite(base), checkProof(p))
	for _, what := range []part{places, people, admins, defaults} {
		if err := p.Unread[what]; err != nil {
			all = append(all, Result{Check: CheckReadable, Level: Wrong, What: "the " + string(what) + " cannot be read: " + err.Error(),
				Do: "see that the application has the permissions that woggle microsoft365 connect lists, with admin consent"})
		}
	}
	if p.Unread[admins] == nil {
		all = append(all, checkBreakGlass(p), checkAdmins(c.Domains, p))
	}
	if p.Unread[defaults] == nil {
		all = append(all, checkDefaults(p))
	}
	for _, d := range c.Domains {
		all = append(all, checkApp(c.Tenant.Cloud, d, p.Apps[d.Protocol]))
		if p.Unread[places] == nil {
			all = append(all, checkPlace(d, p)...)
		}
	}
	if p.Unread[people] == nil {
		all = append(all, checkPeople(c.Domains, p)...)
	}
	return all
}

func checkClock(p *Picture) Result {
	r := Result{Check: CheckClock, Level: Right, What: "this computer's clock is Microsoft's"}
	apart := p.Skew.Abs()
	if apart > skewNoticed {
		r = Result{Check: CheckClock, Level: Warning, What: fmt.Sprintf("this computer's clock is %s away from Microsoft's", apart.Round(time.Second)),
			Do: "set it by NTP: tokens of another time are refused, and nobody can sign in"}
	}
	if apart > skewWrong {
		r.Level = Wrong
	}
	return r
}

func checkSite(base *url.URL) Result {
	if err := checkBase(base); err != nil {
		return Result{Check: CheckSite, Level: Wrong, What: err.Error(), Do: "set address in the settings, as in https://signin.example.org"}
	}
	return Result{Check: CheckSite, Level: Right, What: "people are sent to " + base.String()}
}

func checkProof(p *Picture) Result {
	r := Result{Check: CheckProof, Level: Right, What: "Microsoft Graph lets us in"}
	switch {
	case p.ProofPending:
		return Result{Check: CheckProof, Level: Warning, What: "the new certificate for Microsoft Graph is not known there yet; the old one served", Do: "upload it: woggle microsoft365 connect prints it"}
	case !p.ProofTo.IsZero() && p.ProofTo.Sub(p.At) < warning:
		return Result{Check: CheckProof, Level: Warning, What: "the certificate for Microsoft Graph ends on " + p.ProofTo.Format(time.DateOnly), Do: "make a new one with woggle microsoft365 connect --renew, and upload it"}
	}
	return r
}

// checkBreakGlass counts those who get in when nobody can sign in here: enabled, of the cloud only, at the initial domain, and
// without an immutable id, under which somebody who has our signing key could name them.
func checkBreakGlass(p *Picture) Result {
	var names []string
	for _, a := range p.Admins {
		_, domain, _ := strings.Cut(strings.ToLower(a.UPN), "@")
		if a.Enabled && !a.Synced && !a.guest() && a.ImmutableID == "" && atMicrosoft(domain) {
			names = append(names, a.UPN)
		}
	}
	if len(names) >= breakGlass {
		return Result{Check: CheckBreakGlass, Level: Right, What: "administrators who get in without us", People: names}
	}
	return Result{Check: CheckBreakGlass, Level: Wrong, What: fmt.Sprintf("administrators who get in when the sign-in here does not work: %d, and there have to be %d", len(names), breakGlass), People: names,
		Do: "make Global Administrators at the domain that ends in onmicrosoft.com, each with a passkey of their own (a FIDO2 key), and try them"}
}

func checkAdmins(domains []Domain, p *Picture) Result {
	var names []string
	for _, a := range p.Admins {
		if _, ours := domainOf(domains, a.UPN); ours || a.ImmutableID != "" {
			names = append(names, a.UPN)
		}
	}
	if len(names) == 0 {
		return Result{Check: CheckAdmins, Level: Right, What: "no Global Administrator signs in through us"}
	}
	return Result{Check: CheckAdmins, Level: Warning, What: "these Global Administrators sign in through us: whoever takes over this server takes over the tenant", People: names,
		Do: "give them an account at the onmicrosoft.com domain to administer with, and take the role from this one"}
}

func checkDefaults(p *Picture) Result {
	if !p.DefaultsOn {
		return Result{Check: CheckDefaults, Level: Right, What: "security defaults are off"}
	}
	return Result{Check: CheckDefaults, Level: Warning, What: "security defaults are on: people may be asked by Microsoft to set up its app as well",
		Do: "try one person first; if they are asked, switch security defaults off under Entra ID > Properties, and keep old mail protocols blocked"}
}

// checkPlace looks at one domain as the tenant has it.
func checkPlace(d Domain, p *Picture) []Result {
	of := func(check Check, level Level, what, do string) Result {
		return Result{Check: check, Domain: d.Name, Level: level, What: what, Do: do}
	}
	place := p.place(d.Name)
	if place == nil {
		return []Result{of(CheckPresent, Wrong, "the tenant has no domain "+d.Name, "add it in the Microsoft 365 admin centre under Settings > Domains")}
	}
	all := []Result{of(CheckPresent, Right, "the tenant has "+d.Name, ""), of(CheckVerified, Right, d.Name+" is verified", ""),
		of(CheckDefault, Right, d.Name+" is not the tenant's default domain", ""), of(CheckRoot, Right, d.Name+" stands by itself", "")}
	if !place.Verified {
		all[1] = of(CheckVerified, Wrong, d.Name+" is not verified", "add the TXT record that the admin centre shows, then press Verify there")
	}
	if place.Default {
		all[2] = of(CheckDefault, Wrong, d.Name+" is the tenant's default domain, which Microsoft does not let us have", "make the onmicrosoft.com domain the default one: admin centre, Settings > Domains, Set as default. Nobody's address changes")
	}
	if !place.Root {
		all[3] = of(CheckRoot, Wrong, d.Name+" is part of another domain of the tenant, and goes the way of that one", "connect that domain, or make this one independent: POST /domains/"+d.Name+"/promote")
	}
	return append(all, checkFree(d, place, of), checkCertificate(d, place, p, of))
}

// checkApp sees that somebody here answers Microsoft, for everybody of the domain.
func checkApp(cloud graph.Cloud, d Domain, a Answering) Result {
	r := Result{Check: CheckApp, Domain: d.Name, Level: Wrong}
	switch issuer, named := a.Domains[d.Name]; {
	case !a.Found:
		r.What = "no app here answers Microsoft over " + string(d.Protocol) + ", so that everybody would be turned away"
		r.Do = "add it: " + addApp(cloud, d.Protocol)
	case a.Disabled:
		r.What, r.Do = "the app "+a.ID+", which answers Microsoft, is disabled", "enable it in the apps file"
	case a.Own && (!named || issuer != d.Issuer):
		r.What, r.Do = "the app "+a.ID+" says by itself who people are at Microsoft, and not as the connected tenant does", "take its own settings out, but for "+realmSettings[d.Protocol]
	case a.Groups:
		r.Level, r.What = Warning, "only people of some groups may use the app "+a.ID+"; everybody else of "+d.Name+" is turned away"
		r.Do = "take the groups from the app, unless that is meant"
	default:
		r.Level, r.What = Right, "the app "+a.ID+" answers Microsoft"
	}
	return r
}

// addApp is the command that makes such an app. Over WS-Federation the address of the global cloud is known by itself.
func addApp(cloud graph.Cloud, protocol Protocol) string {
	command := "woggle app add microsoft365 " + string(protocol) + " --name 'Microsoft 365' --set " + realmSettings[protocol] + "=" + Realm
	at, _ := cloud.Endpoints()
	switch {
	case protocol == SAML:
		command += " --set acs=" + at.Login + "/login.srf"
	case cloud != graph.Global:
		command += " --set replies=" + at.Login + "/login.srf"
	}
	return command
}

func checkFree(d Domain, place *Place, of func(Check, Level, string, string) Result) Result {
	switch {
	case strings.EqualFold(place.Kind, "Managed"):
		return of(CheckFree, Right, d.Name+" is managed by Microsoft, ready to be federated", "")
	case place.Federation != nil && place.Federation.Issuer == d.Issuer:
		return of(CheckFree, Right, d.Name+" is federated with us", "")
	}
	return of(CheckFree, Wrong, d.Name+" is federated with another sign-in", "find out with whom: woggle microsoft365 script check "+d.Name+"; roll that back first")
}

// checkCertificate sees that what signs here is what Microsoft takes.
func checkCertificate(d Domain, place *Place, p *Picture, of func(Check, Level, string, string) Result) Result {
	if ending := p.CertificateTo.Sub(p.At); ending < warning {
		return of(CheckCertificate, Warning, "the certificate that signs here ends on "+p.CertificateTo.Format(time.DateOnly), "change it: woggle microsoft365 federate --rollover")
	}
	if place.Federation == nil || place.Federation.Issuer != d.Issuer {
		return of(CheckCertificate, Right, "the certificate that signs here is good until "+p.CertificateTo.Format(time.DateOnly), "")
	}
	current, next := place.Federation.prints()
	tell := "tell Microsoft: woggle microsoft365 federate " + d.Name + " --go"
	switch {
	case p.Current != current && p.Current != next:
		return of(CheckCertificate, Wrong, "Microsoft does not know the certificate that signs here: nobody of "+d.Name+" can sign in", tell)
	case p.Next != "" && p.Next != current && p.Next != next:
		return of(CheckCertificate, Wrong, "from "+p.NextAt.Format("2006-01-02 15:04")+" on another certificate signs here, which Microsoft does not know", tell)
	case p.Current == next:
		return of(CheckCertificate, Warning, "Microsoft still takes the certificate that signed before", tell)
	case p.Next == "" && next != "":
		return of(CheckCertificate, Warning, "Microsoft takes a certificate besides that nobody here signs with", tell)
	}
	return of(CheckCertificate, Right, "Microsoft takes the certificate that signs here", "")
}

// checkPeople tells of those who could not get in after the change, or would find nothing.
func checkPeople(domains []Domain, p *Picture) (all []Result) {
	m := Match(domains, p.Members, p.People, nil)
	lists := map[Check][]string{}
	add := func(check Check, upn string) { lists[check] = append(lists[check], upn) }
	for _, pair := range m.Pairs {
		here := pair.User.Status == directory.Active
		switch {
		case pair.Person == nil && here && pair.Doubt == "":
			add(CheckNewcomers, pair.User.Username)
		case pair.Doubt != "":
			add(CheckUncertain, pair.User.Username+": "+pair.Doubt)
		case pair.Person != nil && pair.Person.Enabled && !here:
			add(CheckUncertain, pair.User.Username+": "+string(pair.User.Status)+" here, and enabled at Microsoft")
		}
		if pair.Person != nil && pair.Person.Enabled && here && (pair.Person.ImmutableID == "" || pair.Account.ImmutableID != pair.Person.ImmutableID) {
			add(CheckImmutable, pair.Person.UPN)
		}
	}
	for _, s := range m.Strange {
		add(CheckStrangers, s.UPN)
		if s.ImmutableID == "" {
			add(CheckImmutable, s.UPN)
		}
	}
	say := func(check Check, level Level, none, some, do string) {
		r := Result{Check: check, Level: Right, What: none}
		if names := lists[check]; len(names) > 0 {
			slices.Sort(names)
			r = Result{Check: check, Level: level, What: fmt.Sprintf(some, len(names)), Do: do, People: names}
		}
		all = append(all, r)
	}
	say(CheckImmutable, Wrong, "everybody has an immutable id that is known here", "accounts without an immutable id that is known here: %d. These people could not sign in",
		"give them one while the domain is still managed: woggle microsoft365 match --go, then woggle microsoft365 provision --go")
	say(CheckStrangers, Wrong, "everybody in the domains has an account here", "accounts at Microsoft that are nobody's here: %d. These people could not sign in",
		"add them with woggle user add, match them, or move accounts that are nobody's (a scanner, a shared mailbox) to the onmicrosoft.com domain")
	say(CheckNewcomers, Warning, "everybody here has an account at Microsoft", "people here without an account at Microsoft: %d", "make them: woggle microsoft365 provision --create")
	say(CheckUncertain, Warning, "nobody has to be looked at", "people to be looked at: %d", "")
	return all
}

// Worst is the worst level among the results that are not named in despite.
func Worst(all []Result, despite []string) Level {
	worst := Right
	for _, r := range all {
		if slices.Contains(despite, string(r.Check)) {
			continue
		}
		if rank(r.Level) > rank(worst) {
			worst = r.Level
		}
	}
	return worst
}

func rank(l Level) int { return slices.Index([]Level{Right, Warning, Wrong}, l) }

// Sorted puts the results in the order in which they are to be dealt with: the worst first.
func Sorted(all []Result) []Result {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b Result) int { return cmp.Compare(rank(b.Level), rank(a.Level)) })
	return sorted
}
