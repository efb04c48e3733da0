package admin

import (
	"testing"

	"woggle/internal/audit"
	"woggle/internal/directory"
	"woggle/internal/page"
)

// What a page makes a key of is a sentence in every language.
func TestEveryKeyIsASentence(t *testing.T) {
	locales, err := page.LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, kind := range audit.Types {
		keys = append(keys, "admin.event."+string(kind))
	}
	for _, standing := range directory.Standings {
		keys = append(keys, "admin.standing."+string(standing))
	}
	for _, one := range actions {
		keys = append(keys, "admin.do."+one.name, "admin.do."+one.name+".short", "admin.do."+one.name+".what", "admin.do."+one.name+".done")
	}
	for _, role := range []directory.Role{directory.Member, directory.Helper, directory.Administrator} {
		keys = append(keys, "admin.role."+string(role), "admin.role."+string(role)+".may")
	}
	for _, l := range locales.All() {
		for _, key := range keys {
			if !l.Has(key) {
				t.Errorf("%s has no %s", l.Code, key)
			}
		}
	}
}

func TestPagesParse(t *testing.T) {
	r, err := page.New(page.Config{Brand: page.Brand{Name: "Northwold County", Colour: "#0b5d57"}})
	if err == nil {
		_, err = New(Deps{Pages: r})
	}
	if err == nil {
		err = r.Parse()
	}
	if err != nil {
		t.Error(err)
	}
}

func TestNumbersAreGrouped(t *testing.T) {
	for n, want := range map[number]string{0: "0", 999: "999", 1000: "1,000", 12345: "12,345", 1234567: "1,234,567"} {
		if n.String() != want {
			t.Errorf("%d reads %s", int64(n), n)
		}
	}
}

// What may be the end of a phone number is told from a name.
func TestDigits(t *testing.T) {
	for typed, want := range map[string]string{"123": "123", "+44 7700 900-123": "447700900123", "•••123": "123", "jo123": "", "": "", "(01632) 960.123": "01632960123",
		"１２３": "", "12a": ""} {
		if got := digitsOf(typed); got != want {
			t.Errorf("%q: %q", typed, got)
		}
	}
}

// Everybody is 100 percent, and nobody less is.
func TestPercent(t *testing.T) {
	for _, c := range []struct{ protected, others, closed, want int64 }{{0, 0, 5, 0}, {0, 3, 0, 0}, {999, 1, 0, 99}, {3, 0, 7, 100}} {
		f := figuresOf("", directory.Counts{directory.Protected: c.protected, directory.Never: c.others, directory.Closed: c.closed})
		if f.Percent != c.want {
			t.Errorf("%+v: %d", c, f.Percent)
		}
	}
}
