// The people of the county, in every state worth seeing.
package sample

import (
	"strings"

	"woggle/internal/directory"
)

// State says how far a person has come.
type State string

// The states.
const (
	New      State = "new"      // never signed in; holds a first-use password
	Phone    State = "phone"    // signs in with a mobile
	Landline State = "landline" // signs in with a call to the phone at home
	App      State = "app"      // signs in with an authenticator app
	Details  State = "details"  // has a phone, and a name that the county still asks for is missing
	Locked   State = "locked"   // kept out until something is cleared up
	Disabled State = "disabled" // has left
)

// Person is one sample account.
type Person struct {
	Username   string
	Email      string
	GivenName  string
	FamilyName string
	State      State
	Phone      string   // E.164: the phone that the person has, set up or not
	PhoneKind  string   // "mobile" or "landline"
	Group      string   // name of a group
	Leader     bool     // is in the group of leaders as well
	Helps      []string // names of the groups that the person is helper of
	Locale     string   // language the person chose, or empty
	Role       directory.Role
}

// The groups.
const (
	Fenland = "Fenland District"
	Brecks  = "Brecks District"
	Coast   = "Coast District"
	County  = "County team"
	Leaders = "Leaders" // of sections, in all districts
)

// Organisation is the name of the county.
const Organisation = "Northwold County Scouts"

// Groups are the names of the county's groups.
func Groups() []string { return []string{Fenland, Brecks, Coast, County, Leaders} }

// People are all sample people, those of the guided tour first in each state.
func People() []Person {
	var people []Person
	for _, r := range rows {
		p := Person{Username: r.username, Email: r.username + "@northwold.example", GivenName: r.given, FamilyName: r.family,
			State: r.state, Phone: r.phone, PhoneKind: "mobile", Group: r.group, Leader: r.leader, Locale: r.locale,
			Role: directory.Member}
		if r.email != "" {
			p.Email = r.email
		}
		if r.role != "" {
			p.Role = r.role
		}
		p.Helps = helps[r.username]
		if strings.HasPrefix(r.phone, "+441632") {
			p.PhoneKind = "landline"
		}
		people = append(people, p)
	}
	return people
}

// helps is who helps whom, by user name: two in most districts, so that they can vouch together.
var helps = map[string][]string{"raj.patel": {Fenland}, "nerys.vaughan": {Coast}, "hugh.tillett": {Fenland, Brecks, Coast}}

type row struct {
	state         State
	username      string
	given, family string
	phone         string
	group         string
	leader        bool
	locale        string
	role          directory.Role
	email         string // where it is not the user name at northwold.example
}

var rows = [...]row{
	{state: New, username: "aisha.khan", given: "Aisha", family: "Khan", phone: "+447700900101", group: Fenland, leader: true},
	{state: New, username: "gwilym.prosser", given: "Gwilym", family: "Prosser", phone: "+441632960101", group: Coast, leader: true, locale: "cy"},
	{state: New, username: "tom.underhay", given: "Tom", family: "Underhay", phone: "+447700900102", group: Brecks},
	{state: New, username: "siobhan.oleary", given: "Siobhán", family: "O’Leary", phone: "+447700900103", group: Fenland, leader: true},
	{state: New, username: "winifred.tuck", given: "Winifred", family: "Tuck", phone: "+441632960102", group: Brecks, leader: true},
	{state: New, username: "yusuf.demir", given: "Yusuf", family: "Demir", phone: "+447700900104", group: Coast},
	{state: New, username: "beca.llywelyn", given: "Beca", family: "Llywelyn", phone: "+447700900105", group: Coast, leader: true, locale: "cy"},
	{state: New, username: "daniel.achebe", given: "Daniel", family: "Achebe", phone: "+447700900106", group: Fenland},
	{state: New, username: "jakub.novotny", given: "Jakub", family: "Novotný", phone: "+447700900107", group: Brecks},

	{state: Phone, username: "megan.pryce", given: "Megan", family: "Pryce", phone: "+447700900201", group: Coast, leader: true, locale: "cy"},
	{state: Phone, username: "raj.patel", given: "Raj", family: "Patel", phone: "+447700900202", group: Fenland, leader: true, role: directory.Helper},
	{state: Phone, username: "layla.haddad", given: "ليلى", family: "حداد", phone: "+447700900203", group: Fenland, leader: true},
	{state: Phone, username: "colin.mardle", given: "Colin", family: "Mardle", phone: "+447700900204", group: Brecks},
	{state: Phone, username: "kasia.nowak", given: "Katarzyna", family: "Nowak", phone: "+447700900205", group: Brecks},
	{state: Phone, username: "owain.aprhys", given: "Owain", family: "ap Rhys", phone: "+447700900206", group: Coast, locale: "cy"},
	{state: Phone, username: "grace.thaxter", given: "Grace", family: "Thaxter", phone: "+447700900207", group: County, leader: true},
	{state: Phone, username: "ben.fairweather", given: "Ben", family: "Fairweather", phone: "+447700900208", group: Brecks},
	{state: Phone, username: "harriet.pye", given: "Harriet", family: "Pye", phone: "+447700900211", group: County, leader: true},
	// A young leader and her father, who share the address of the family.
	{state: Phone, username: "chloe.sparrow", given: "Chloe", family: "Sparrow", phone: "+447700900209", group: Fenland,
		email: "sparrows@family.example"},
	{state: Phone, username: "martin.sparrow", given: "Martin", family: "Sparrow", phone: "+447700900210", group: Fenland,
		email: "sparrows@family.example"},

	// A household: two people, one phone in the hall.
	{state: Landline, username: "mair.hughes", given: "Mair", family: "Hughes", phone: "+441632960201", group: Coast, leader: true, locale: "cy"},
	{state: Landline, username: "idris.hughes", given: "Idris", family: "Hughes", phone: "+441632960201", group: Coast, locale: "cy"},
	{state: Landline, username: "dorothy.cobbold", given: "Dorothy", family: "Cobbold", phone: "+441632960202", group: Brecks},
	{state: Landline, username: "ernest.wix", given: "Ernest", family: "Wix", phone: "+441632960203", group: Fenland, leader: true},
	{state: Landline, username: "pearl.adeyemi", given: "Pearl", family: "Adeyemi", phone: "+441632960204", group: Fenland},

	{state: App, username: "admin", given: "Ruth", family: "Calloway", phone: "+447700900301", group: County, leader: true,
		role: directory.Administrator},
	{state: App, username: "hugh.tillett", given: "Hugh", family: "Tillett", phone: "+447700900302", group: County, leader: true,
		role: directory.Helper},
	{state: App, username: "nerys.vaughan", given: "Nerys", family: "Vaughan", phone: "+447700900303", group: Coast, leader: true, locale: "cy",
		role: directory.Helper},
	{state: App, username: "mei.lin", given: "Mei", family: "Lin", phone: "+447700900304", group: Brecks},
	{state: App, username: "sam.oduya", given: "Sam", family: "Oduya", phone: "+447700900305", group: Fenland, leader: true},
	{state: App, username: "theodora.featherstonehaugh", given: "Theodora Wilhelmina Araminta",
		family: "Featherstonehaugh-Cholmondeley-Wolstenholme", phone: "+447700900306", group: Brecks},

	// The register knew these people by half of their name, or by none.
	{state: Details, username: "bryn.m", given: "Bryn", phone: "+447700900401", group: Coast, locale: "cy"},
	{state: Details, username: "p.larwood", family: "Larwood", phone: "+447700900402", group: Brecks},
	{state: Details, username: "scout.0417", phone: "+447700900403", group: Fenland},
	{state: Details, username: "ines.c", given: "Inês", phone: "+447700900404", group: Fenland},

	{state: Locked, username: "victor.snell", given: "Victor", family: "Snell", phone: "+447700900501", group: Brecks},
	{state: Locked, username: "angharad.puw", given: "Angharad", family: "Puw", phone: "+441632960501", group: Coast, locale: "cy"},

	{state: Disabled, username: "leonard.gedge", given: "Leonard", family: "Gedge", phone: "+447700900601", group: Fenland},
	{state: Disabled, username: "fatima.rahmani", given: "Fatima", family: "Rahmani", phone: "+447700900602", group: Brecks},
	{state: Disabled, username: "elin.morgan", given: "Elin", family: "Morgan", phone: "+447700900603", group: Coast, locale: "cy"},
}
