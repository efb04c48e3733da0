package sample_test

import (
	"regexp"
	"testing"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/directory/sample"
)

func TestTheCountyShowsEveryState(t *testing.T) {
	count := map[sample.State]int{}
	for _, p := range sample.People() {
		count[p.State]++
	}
	for state, least := range map[sample.State]int{sample.New: 5, sample.Phone: 5, sample.Landline: 4, sample.App: 4,
		sample.Details: 3, sample.Locked: 1, sample.Disabled: 1} {
		if count[state] < least {
			t.Errorf("%d people are in the state %s, want %d", count[state], state, least)
		}
	}
}

// A number outside the drama ranges, or an address outside .example, could be somebody's.
func TestNobodyIsReal(t *testing.T) {
	mobile, landline := regexp.MustCompile(`^\+447700900\d{3}$`), regexp.MustCompile(`^\+441632960\d{3}$`)
	mail := regexp.MustCompile(`@[a-z]+\.example$`)
	owners := map[string][]string{}
	for _, p := range sample.People() {
		number := map[string]*regexp.Regexp{"mobile": mobile, "landline": landline}[p.PhoneKind]
		if number == nil || !number.MatchString(p.Phone) {
			t.Errorf("%s has the %s %s", p.Username, p.PhoneKind, p.Phone)
		}
		if !mail.MatchString(p.Email) {
			t.Errorf("%s has the address %s", p.Username, p.Email)
		}
		if p.State == sample.Landline && p.PhoneKind != "landline" {
			t.Errorf("%s signs in with a landline and has a %s", p.Username, p.PhoneKind)
		}
		owners[p.Phone] = append(owners[p.Phone], p.Username)
	}
	shared := 0
	for number, people := range owners {
		if len(people) > 1 {
			shared++
			if len(people) != 2 || number != "+441632960201" {
				t.Errorf("%s belongs to %v", number, people)
			}
		}
	}
	if shared != 1 {
		t.Errorf("%d households share a number, want 1", shared)
	}
}

// The directory takes the whole county, and asks for the details of just those who are in the state of details.
func TestTheDirectoryTakesTheCounty(t *testing.T) {
	d, _ := dbtest.Open(t)
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		for _, f := range sample.Fields() {
			if err := directory.AddField(tx, "system", f); err != nil {
				t.Errorf("field %s: %v", f.ID, err)
			}
			for _, lang := range []string{"en", "cy"} {
				if f.Labels[lang] == "" {
					t.Errorf("field %s has no label in %s", f.ID, lang)
				}
			}
		}
		groups := map[string]string{}
		for _, name := range sample.Groups() {
			g, err := directory.AddGroup(tx, name, "")
			if err != nil {
				t.Errorf("group %s: %v", name, err)
			}
			groups[name] = g.ID
		}
		for _, p := range sample.People() {
			u, err := directory.Add(tx, directory.User{Username: p.Username, Email: p.Email, GivenName: p.GivenName,
				FamilyName: p.FamilyName, Locale: p.Locale, Role: p.Role})
			if err != nil {
				t.Errorf("%s: %v", p.Username, err)
				continue
			}
			if err := directory.Join(tx, "system", groups[p.Group], u.ID); err != nil {
				t.Errorf("%s into %s: %v", p.Username, p.Group, err)
			}
			missing, err := directory.Missing(tx, u)
			if err != nil {
				return err
			}
			if (len(missing) > 0) != (p.State == sample.Details) {
				t.Errorf("%s is in the state %s and misses %v", p.Username, p.State, missing)
			}
		}
		admin, found, err := directory.Find(tx, "admin")
		if err != nil || !found || admin.Role != directory.Administrator {
			t.Errorf("admin: %+v, %v, %v", admin, found, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
