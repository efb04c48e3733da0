package register

import (
	"strings"
	"testing"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
)

// Three months of a register: people come, change, move, leave and come back; and all of it is taken back at the end.
func TestThreeMonthsOfARegister(t *testing.T) {
	each(t, func(c *county) {
		c.add(directory.User{Username: "ruth.calloway", GivenName: "Ruth", FamilyName: "Calloway", Role: directory.Administrator}, "County team")
		before := c.state()

		september := c.imports(ask(head,
			"101,Aisha,Khan,aisha@northwold.example,Fenland District",
			"102,Tom,Underhay,tom@northwold.example,Brecks District > Thetford Cubs",
			"103,Winifred,Tuck,,Brecks District",
			"104,Megan,Pryce,megan@northwold.example,Coast District; Leaders").whole())
		c.same("september", september.Counts, Counts{Joined: 4, Groups: 5})
		tom := c.user("tom.underhay")
		c.same("the trail of Tom", c.events(tom.ID), []string{"user-added by ruth", "group-joined by ruth"})
		first := c.state()

		october := ask(head,
			"101,Aisha,Khan-Marsh,aisha@northwold.example,Fenland District",
			"103,Winifred,Tuck,,Coast District",
			"104,Megan,Pryce,megan@northwold.example,Leaders;Coast District",
			"105,Gwilym,Prosser,gwilym@northwold.example,Coast District").whole()
		p := c.preview(october)
		c.same("the preview of october", c.steps(p.Change.ID), []string{
			"changed Aisha Khan-Marsh (aisha.khan); family_name Khan>Khan-Marsh",
			"moved Winifred Tuck (winifred.tuck); Brecks District yes>; Coast District >yes",
			"joined Gwilym Prosser (gwilym.prosser)",
			"left Tom Underhay (tom.underhay); status active>disabled"})
		c.same("before october is applied", c.state(), first)
		second, err := c.Apply(background, ruth, p.Change.ID)
		if err != nil {
			c.Fatal(err)
		}
		c.same("october", second.Counts, Counts{Joined: 1, Changed: 1, Moved: 1, Left: 1, Unchanged: 1})
		c.same("Tom has left", c.user("tom.underhay").Status, directory.Disabled)
		c.same("his sessions ended", c.user("tom.underhay").Epoch, tom.Epoch+1)

		november := c.imports(ask(head, "102,Tom,Underhay,tom@northwold.example,Brecks District > Thetford Cubs"))
		c.same("november", november.Counts, Counts{Returned: 1})
		c.same("the trail of Tom", c.events(tom.ID), []string{"user-added by ruth", "group-joined by ruth", "user-disabled by ruth", "user-enabled by ruth"})

		for _, change := range []Change{november, second, september} {
			undone, err := c.Undo(background, ruth, change.ID)
			if err != nil || undone.Counts.Kept != 0 || undone.State != Undone {
				c.Fatalf("%+v, %v", undone, err)
			}
			if change.ID == second.ID {
				c.same("october was undone", c.state(), first)
			}
		}
		c.same("all is undone", c.state(), before)
		c.same("the trail of the register", c.events(""), []string{"group-added by ruth", "group-added by ruth", "group-added by ruth", "group-added by ruth", "group-added by ruth",
			"register-imported by ruth", "register-imported by ruth", "register-imported by ruth", "register-undone by ruth", "register-undone by ruth",
			"group-removed by ruth", "group-removed by ruth", "group-removed by ruth", "group-removed by ruth", "group-removed by ruth", "register-undone by ruth"})
	})
}

func TestTheSameFileTwiceDoesNothing(t *testing.T) {
	each(t, func(c *county) {
		file := ask(head, "101,Aisha,Khan,aisha@northwold.example,Fenland District", "102,Tom,Underhay,,").whole()
		c.imports(file)
		after := c.state()
		p := c.preview(file)
		c.same("the second time", p.Change.Counts, Counts{Unchanged: 2})
		if _, err := c.Apply(background, ruth, p.Change.ID); err != nil {
			c.Error(err)
		}
		c.same("what is there", c.state(), after)
	})
}

// What is wrong with rows, each with its number: the others are applied without them.
func TestRowsThatCannotBeApplied(t *testing.T) {
	const wide = "Membership number,User name,First name,Last name,E-mail,Mobile,Start date,Born"
	for name, story := range map[string]struct {
		lines []string
		told  []string
	}{
		"no name":             {[]string{"1,,,,x@northwold.example,,,"}, []string{"2 row.no-name"}},
		"no number":           {[]string{",,Ann,Lee,,,,"}, []string{"2 row.no-key"}},
		"bad address":         {[]string{"1,,Ann,Lee,ann at home,,,", "2,,Ann,Low,ann@home,,,"}, []string{"2 row.broken-mail", "3 row.broken-mail"}},
		"twice, differently":  {[]string{"1,,Ann,Lee,,,,", "1,,Ann,Leigh,,,,"}, []string{"2 row.twice", "3 row.twice"}},
		"twice, the same":     {[]string{"1,,Ann,Lee,,,,", "1,,Ann,Lee,,,,"}, nil},
		"an address shared":   {[]string{"1,,Ann,Lee,lees@family.example,,,", "2,,Bob,Lee,lees@family.example,,,"}, []string{"3 (row.mail-shared)"}},
		"a phone shared":      {[]string{"1,,Ann,Lee,,01632 960201,,", "2,,Bob,Lee,,+44 1632 960201,,"}, []string{"3 (row.phone-shared)"}},
		"no phone":            {[]string{"1,,Ann,Lee,,ask her mother,,", "2,,Bob,Lee,,01632 960201,,", "3,,Cy,Lee,,01632 960202,,"}, []string{"2 (row.phone)"}},
		"no day":              {[]string{"1,,Ann,Lee,,,31/02/2020,", "2,,Bob,Lee,,,1 Feb 2020,"}, []string{"2 row.day"}},
		"a detail":            {[]string{"1,,Ann,Lee,,,,yesterday", "2,,Bob,Lee,,,,1/2/1999"}, []string{"2 directory.value.date"}},
		"look-alike letters":  {[]string{"1,аdmin,Ann,Lee,,,,", "2,ruth\u200d.c,Bob,Lee,,,,", "3,\u212A.ruth,Cy,Lee,,,,", "4,d.lee,Di,Lee,,,,", "5,e.lee,Ed,Lee,,,,"}, []string{"2 row.look-alike-letters", "3 row.look-alike-letters"}},
		"like administrators": {[]string{"1,ruth.ca1loway,Ann,Lee,,,,", "2,rutn,Bob,Lee,,,,"}, []string{"2 row.look-alike"}},
		"somebody else's":     {[]string{"1,ruth.calloway,Ann,Lee,,,,"}, []string{"2 row.name-taken"}},
		"a user name twice":   {[]string{"1,a.lee,Ann,Lee,,,,", "2,A.LEE,Alf,Lee,,,,"}, []string{"3 row.name-twice"}},
		"a broken letter":     {[]string{"1,,Ann,Zo\xEB,,,,", "2,,Bob,Zoë,,,,", "3,,Cy,Ünal,,,,"}, []string{"2 row.broken"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := open(t)
			c.tx(func(tx *db.Tx) error {
				return directory.AddField(tx, ruth, directory.Field{ID: "born", Kind: directory.Date, Labels: map[string]string{"en": "Born"}})
			})
			c.add(directory.User{Username: "ruth.calloway", GivenName: "Ruth", FamilyName: "Calloway", Role: directory.Administrator})
			p := c.preview(ask(append([]string{wide}, story.lines...)...))
			told := c.told(p.Change.ID)
			for i := range told {
				told[i] = strings.Replace(told[i], "directory.email.form", "row.broken-mail", 1)
			}
			c.same("told", told, story.told)
			refused := 0
			for _, one := range told {
				if !strings.Contains(one, "(") {
					refused++
				}
			}
			c.same("counts", p.Change.Counts.Refused+p.Change.Counts.Joined+p.Change.Counts.Unchanged, len(story.lines))
			c.same("refused", p.Change.Counts.Refused, refused)
		})
	}
}

// Who was there before is taken for the person of the row only if nothing speaks against it.
func TestWhoIsKnownWithoutANumber(t *testing.T) {
	each(t, func(c *county) {
		c.add(directory.User{Username: "aisha.khan", GivenName: "Aisha", FamilyName: "Khan", Email: "aisha@northwold.example"}, "Camp 2027")
		c.add(directory.User{Username: "chloe", GivenName: "Chloe", FamilyName: "Sparrow", Email: "sparrows@family.example"})
		c.add(directory.User{Username: "martin", GivenName: "Martin", FamilyName: "Sparrow", Email: "sparrows@family.example"})
		c.add(directory.User{Username: "jo", Email: "jo@northwold.example"})
		p := c.preview(ask(head, "1,AISHA,Khan,Aisha@northwold.example,Fenland District", // alone has the address, and the name
			"2,Chloe,Sparrow,sparrows@family.example,",   // one of two: nobody can say
			"3,Ben,Fairweather,aisha@northwold.example,", // somebody else of the family
			"4,Jo,Smith,jo@northwold.example,"))
		c.same("steps", c.steps(p.Change.ID), []string{"group Fenland District",
			"changed AISHA Khan (aisha.khan); number >1; given_name Aisha>AISHA; email aisha@northwold.example>Aisha@northwold.example; Fenland District >yes",
			"joined Chloe Sparrow (chloe.sparrow)", "joined Ben Fairweather (ben.fairweather)",
			"changed Jo Smith (jo); number >4; given_name >Jo; family_name >Smith"})
		c.same("told", c.told(p.Change.ID), []string{"4 (row.mail-shared)"})
		if _, err := c.Apply(background, ruth, p.Change.ID); err != nil {
			c.Fatal(err)
		}
		// Groups that somebody else put a person in are not the register's to take away.
		c.imports(ask(head, "1,Aisha,Khan,aisha@northwold.example,Brecks District"))
		if state := c.state(); !strings.Contains(state, "[Brecks District Camp 2027]") {
			c.Error(state)
		}
	})
}

func TestSeveralPeopleOfOneName(t *testing.T) {
	each(t, func(c *county) {
		c.add(directory.User{Username: "tom.underhay"})
		c.add(directory.User{Username: "tom.underhay3"})
		c.imports(ask(head, "1,Tom,Underhay,,", "2,Tom,Underhay,,", "3,Tóm,Underhay,,", "4,ليلى,حداد,layla@northwold.example,", "5,ليلى,حداد,,"))
		for name, number := range map[string]string{"tom.underhay2": "1", "tom.underhay4": "2", "tom.underhay5": "3", "layla": "4", "member.5": "5"} {
			if !strings.Contains("\n"+c.state(), "\n"+name+"|") || !strings.Contains(c.state(), "{number:"+number+" ") {
				c.Errorf("%s is not there:\n%s", name, c.state())
			}
		}
	})
}

// The register decides over members. Where mail goes of those who may let others in is decided by hand, and so is who is kept out.
func TestWhatTheRegisterDoesNotDecide(t *testing.T) {
	each(t, func(c *county) {
		file := ask(head, "1,Raj,Patel,raj@northwold.example,", "2,Idris,Hughes,idris@northwold.example,", "3,Colin,Mardle,colin@northwold.example,", "4,Pearl,Adeyemi,pearl@northwold.example,")
		c.imports(file)
		raj, idris, colin := c.user("raj.patel"), c.user("idris.hughes"), c.user("colin.mardle")
		c.tx(func(tx *db.Tx) error {
			if err := directory.SetRole(tx, ruth, raj.ID, directory.Helper); err != nil {
				return err
			}
			if err := directory.SetStatus(tx, ruth, colin.ID, directory.Disabled); err != nil {
				return err
			}
			return directory.Freeze(tx, idris.ID)
		})
		p := c.preview(ask(head, "1,Rajesh,Patel,thief@evil.example,", "2,Idris,Hughes,thief@evil.example,", "3,Col,Mardle,colin@northwold.example,").whole())
		c.same("steps", c.steps(p.Change.ID), []string{"changed Rajesh Patel (raj.patel); given_name Raj>Rajesh", "changed Col Mardle (colin.mardle); given_name Colin>Col",
			"left Pearl Adeyemi (pearl.adeyemi); status active>disabled"})
		c.same("told", c.told(p.Change.ID), []string{"2 (row.protected)", "3 row.protected", "3 row.frozen", "4 (row.kept-out)"})
		if _, err := c.Apply(background, ruth, p.Change.ID); err != nil {
			c.Fatal(err)
		}
		c.same("Colin", c.user("colin.mardle").Status, directory.Disabled)
		// Who was kept out by hand when they left does not come back by a file.
		c.imports(ask(head, "1,Rajesh,Patel,raj@northwold.example,", "2,Idris,Hughes,idris@northwold.example,", "4,Pearl,Adeyemi,pearl@northwold.example,").whole())
		c.imports(file)
		c.same("Colin", c.user("colin.mardle").Status, directory.Disabled)
		c.same("Pearl", c.user("pearl.adeyemi").Status, directory.Active)
	})
}

func TestAdministratorsWhoLeave(t *testing.T) {
	each(t, func(c *county) {
		c.imports(ask(head, "1,Ruth,Calloway,,", "2,Harriet,Pye,,", "3,Grace,Thaxter,,"))
		c.tx(func(tx *db.Tx) error {
			for _, name := range []string{"ruth.calloway", "harriet.pye"} {
				u, _, err := directory.ByUsername(tx, name)
				if err != nil {
					return err
				}
				if err := directory.SetRole(tx, audit.System, u.ID, directory.Administrator); err != nil {
					return err
				}
			}
			return nil
		})
		file := ask(head, "3,Grace,Thaxter,,").whole()
		p := c.preview(file)
		c.same("without the word", c.told(p.Change.ID), []string{"0 row.administrator", "0 row.administrator"})
		file.Administrators = true
		p = c.preview(file)
		c.same("with the word", c.told(p.Change.ID), []string{"0 row.last-administrator"})
		c.same("one leaves", p.Change.Counts, Counts{Left: 1, Unchanged: 1, Refused: 1})
	})
}

// A file that was cut, or is of one district, does not keep half of the county out.
func TestFilesThatAreNotWhole(t *testing.T) {
	each(t, func(c *county) {
		lines := []string{head}
		for _, n := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
			lines = append(lines, n+",Robin,Marsh,,")
		}
		c.imports(ask(lines...))
		p := c.preview(ask(lines[:4]...).whole())
		if len(p.Blocked) != 1 || p.Blocked[0].Key != "register.leavers.many" || p.Change.ID != "" {
			c.Errorf("blocked: %v", p.Blocked)
		}
		right := ask(lines[:4]...).whole()
		right.ManyLeave = true
		c.same("with the word", c.preview(right).Change.Counts, Counts{Left: 6, Unchanged: 3})
		p = c.preview(ask(append(lines[:9:9], ",Robin,Marsh,,")...).whole())
		if len(p.Blocked) != 1 || p.Blocked[0].Key != "register.leavers.keyless" {
			c.Errorf("blocked: %v", p.Blocked)
		}
		// A row that cannot be applied is still somebody who is there.
		p = c.preview(ask(append(lines[:9:9], "9,Robin,Marsh,nonsense@,")...).whole())
		c.same("a bad row", p.Change.Counts, Counts{Unchanged: 8, Refused: 1})
		// Who has a leave date that has come has left, whether the file is whole or not.
		p = c.preview(ask("Membership number,Leave date", "1,31/01/2027", "2,02/02/2027", "3,"))
		c.same("leave dates", c.steps(p.Change.ID), []string{"left Robin Marsh (robin.marsh); leaves >2027-01-31; status active>disabled", "changed Robin Marsh (robin.marsh2); leaves >2027-02-02"})
	})
}
