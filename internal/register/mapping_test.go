package register

import (
	"slices"
	"strings"
	"testing"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

var fields = []directory.Field{
	{ID: "given_name", Kind: directory.Text, Labels: map[string]string{"en": "First name"}},
	{ID: "second_email", Kind: directory.Email, Labels: map[string]string{"en": "Second e-mail address", "cy": "Ail gyfeiriad e-bost"}},
	{ID: "helps", Kind: directory.YesNo, Labels: map[string]string{"en": "Helps at camp?", "cy": "Yn helpu yn y gwersyll?"}},
}

// The headings of membership systems and of lists that people keep, in both languages.
func TestColumnsAreGuessed(t *testing.T) {
	for _, one := range []struct{ headings, want []string }{
		{[]string{"Membership Number", "Forename(s)", "Surname", "Email", "Mobile", "Group", "Section", "Date joined"},
			[]string{Number, Given, Family, Email, Phone, Groups, Groups, Started}},
		{[]string{"Rhif aelodaeth", "Enw cyntaf", "Cyfenw", "Cyfeiriad e-bost", "Ffôn symudol", "Grŵp", "Dyddiad ymuno", "Ail gyfeiriad e-bost"},
			[]string{Number, Given, Family, Email, Phone, Groups, Started, "field:second_email"}},
		{[]string{"MEMBER_ID", "Name", "Primary E-mail Address", "Telephone No.", "Tel. no", "Helps at camp?", "Shoe size", ""},
			[]string{Number, FullName, Email, "", Phone, "field:helps", "", ""}},
		{[]string{"Name", "Surname", "User Principal Name", "mail"}, []string{Given, Family, Username, Email}},
		{[]string{"Last Name", "Known As", "First Name", "Member's number", "second_email"}, []string{Family, Given, "", Number, "field:second_email"}},
		{[]string{"Enw", "Rhif", "E-bost", "Adran", "Dyddiad gadael"}, []string{FullName, Number, Email, Groups, Leaves}},
	} {
		if got := guessed(one.headings, fields).Columns; !slices.Equal(got, one.want) {
			t.Errorf("%q\nare %q\nnot %q", one.headings, got, one.want)
		}
	}
}

// Every word means one thing, in the form in which headings are compared.
func TestHeadingsMeanOneThing(t *testing.T) {
	meanings := map[string]string{}
	for what, words := range headings {
		for _, word := range words {
			if plain(word) != word {
				t.Errorf("%q could never be found: headings are made %q", word, plain(word))
			}
			if other, twice := meanings[word]; twice {
				t.Errorf("%q is %s and %s", word, what, other)
			}
			meanings[word] = what
		}
	}
}

func TestAMappingIsRemembered(t *testing.T) {
	each(t, func(c *county) {
		file := ask("Northwold County Scouts", "", "Ref;Who;Where they are;Contact", "1;Khan, Aisha;Fenland/Cubs, Leaders;aisha@northwold.example")
		file.Map = []string{"Who=full_name", "Where they are=groups", "#4=email", "separator=,", "path=/"}
		p := c.preview(file)
		if p.Remembered || p.Rows != 1 {
			c.Errorf("%+v", p)
		}
		if _, err := c.Apply(background, ruth, p.Change.ID); err != nil {
			c.Fatal(err)
		}
		c.same("joined", c.steps(p.Change.ID), []string{"group Fenland", "group Cubs", "group Leaders", "joined Aisha Khan (aisha.khan)"})
		next := ask("ref,WHO,where they are,contact", `1,"Khan, Aisha",Fenland/Cubs; Leaders,aisha@northwold.example`, `2,"Lin, Mei",,`)
		p = c.preview(next)
		if !p.Remembered || p.Change.Counts.Joined != 1 || p.Heading != 1 {
			c.Errorf("%+v", p)
		}
		next.Map = []string{"Contact=ignore", "Who=given_name"} // what is asked for goes before what is remembered
		if p = c.preview(next); p.Mapping.Columns[3] != "" || p.Mapping.Columns[1] != Given {
			c.Errorf("%+v", p.Mapping)
		}
		for bad, key := range map[string]string{"Who": "form", "Whom=email": "column", "Who=shoe size": "what", "#9=email": "column"} {
			next.Map = []string{bad}
			_, err := c.Preview(background, ruth, next)
			c.fails(err, problem.Invalid, "register.map."+key)
		}
	})
}

// Columns that were swapped are told once, with an example.
func TestSwappedColumns(t *testing.T) {
	c := open(t)
	lines := []string{"Membership number,E-mail,First name,Last name,Start date"}
	for range 50 {
		lines = append(lines, "1,Aisha,aisha@northwold.example,Khan,01/09/2019")
	}
	p := c.preview(ask(lines...))
	if len(p.Blocked) != 2 || p.Blocked[0].Args["column"] != "E-mail" || p.Blocked[0].Args["example"] != "Aisha" || p.Change.ID != "" {
		t.Errorf("%+v", p.Blocked)
	}
	p = c.preview(ask("First name,Last name", "Aisha,Khan"))
	if len(p.Blocked) != 1 || p.Blocked[0].Key != "register.column.no-key" {
		t.Errorf("%+v", p.Blocked)
	}
}

func TestDaysInEveryNotation(t *testing.T) {
	for text, want := range map[string]string{
		"2027-02-01": "2027-02-01", "2027/2/1": "2027-02-01", "01/02/2027": "2027-02-01", "1.2.27": "2027-02-01", "1-2-2027": "2027-02-01",
		"1 February 2027": "2027-02-01", "1st Feb 2027": "2027-02-01", "February 1, 2027": "2027-02-01", "1-Feb-27": "2027-02-01",
		"1 Chwefror 2027": "2027-02-01", "31 Rhagfyr 1999": "1999-12-31", "2 Awst 2020": "2020-08-02", "2027-02-01 00:00:00": "2027-02-01",
		"2027-02-01T10:30:00Z": "2027-02-01", "01/02/2027 10:30": "2027-02-01", "29/02/2024": "2024-02-29", "1/9/62": "1962-09-01",
		"31/02/2020": "", "29/02/2023": "", "13/13/2020": "", "yesterday": "", "43709": "", "": "", "1/2": "", "01/02/20277": "", "0/0/0": "", "1/2/3/4": "",
	} {
		if got, ok := day(text, false); got != want || ok != (want != "") {
			t.Errorf("%q is %q, %t", text, got, ok)
		}
	}
	if got, _ := day("02/13/2027", true); got != "2027-02-13" {
		t.Errorf("month first: %q", got)
	}
}

// A column is read in one way: that in which all of its days are days.
func TestAnAmericanColumn(t *testing.T) {
	c := open(t)
	p := c.preview(ask("Membership number,First name,Last name,Joined", "1,Ann,Lee,02/13/2020", "2,Bob,Lee,02/03/2020"))
	if _, err := c.Apply(background, ruth, p.Change.ID); err != nil {
		t.Fatal(err)
	}
	c.tx(func(tx *db.Tx) error {
		all, err := entriesOf(tx, "number_key", []string{"2"})
		for _, e := range all {
			c.same("the second of two", e.started, "2020-02-03")
		}
		return err
	})
}

func TestNamesAreTakenApart(t *testing.T) {
	for full, want := range map[string][2]string{
		"Aisha Khan": {"Aisha", "Khan"}, "Khan, Aisha": {"Aisha", "Khan"}, "Owain ap Rhys": {"Owain", "ap Rhys"}, "Beca": {"Beca", ""},
		"Maria van der Berg": {"Maria", "van der Berg"}, "van der Berg, Maria": {"Maria", "van der Berg"}, "Mary Jane  Smith": {"Mary Jane", "Smith"},
		"Smith,": {"Smith", ""}, "ليلى حداد": {"ليلى", "حداد"}, "Tuck , Winifred ": {"Winifred", "Tuck"},
	} {
		if given, family := split(full); given != want[0] || family != want[1] {
			t.Errorf("%q is %q and %q", full, given, family)
		}
	}
	for _, one := range [][5]string{
		{"Siobhán", "O’Leary", "", "1", "siobhan.oleary"}, {"Jakub", "Novotný", "", "1", "jakub.novotny"}, {"Owain", "ap Rhys", "", "1", "owain.aprhys"},
		{"Mary Jane", "Smith-Jones", "", "1", "mary.smith-jones"}, {"Søren", "Łukasz", "", "1", "soren.lukasz"}, {"Bryn", "", "", "1", "bryn"},
		{"ليلى", "حداد", "Layla@x.example", "1", "layla"}, {"ليلى", "حداد", "", "00/417", "member.00417"}, {"Wilhelmina-Theodora-Araminta-Josephine", "Featherstonehaugh-Cholmondeley", "", "1",
			"wilhelmina-theodora-araminta.featherstonehaugh-cholmondel"},
	} {
		if got := usernameOf(one[0], one[1], one[2], one[3]); got != one[4] || directory.CheckUsername(got) != nil {
			t.Errorf("%q: %q, %v", one, got, directory.CheckUsername(got))
		}
	}
}

func TestGroupsInATree(t *testing.T) {
	each(t, func(c *county) {
		c.tx(func(tx *db.Tx) error {
			_, err := directory.AddGroup(tx, "Cubs", "")
			return err
		})
		p := c.preview(ask(head, "1,Ann,Lee,,Fenland > 1st Wisbech > Cubs", "2,Bob,Lee,,Brecks > Beavers; Coast > Beavers", "3,Cy,Lee,,Cubs | Fenland>1st Wisbech>Cubs"))
		var made []string
		for _, s := range c.steps(p.Change.ID) {
			if name, is := strings.CutPrefix(s, "group "); is {
				made = append(made, name)
			}
		}
		c.same("groups", made, []string{"Fenland", "1st Wisbech", "Fenland › 1st Wisbech › Cubs", "Brecks", "Brecks › Beavers", "Coast", "Coast › Beavers"})
		if _, err := c.Apply(background, ruth, p.Change.ID); err != nil {
			c.Fatal(err)
		}
		p = c.preview(ask(head, "1,Ann,Lee,,Fenland > 1st Wisbech > Cubs", "2,Bob,Lee,,Coast > Beavers;Brecks > Beavers", "3,Cy,Lee,,Cubs | Fenland>1st Wisbech>Cubs"))
		c.same("again", p.Change.Counts, Counts{Unchanged: 3})
	})
}
