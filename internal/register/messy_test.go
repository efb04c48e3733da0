package register

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"woggle/internal/page"
	"woggle/internal/problem"
)

// messy is a register as they are: made with a seed, so that it is the same one each time.
func messy(seed uint64, count int) []string {
	r := rand.New(rand.NewPCG(seed, 7))
	pick := func(all ...string) string { return all[r.IntN(len(all))] }
	lines := []string{"Membership number;First name;Last name;E-mail;Mobile;District;Start date"}
	for i := range count {
		number := fmt.Sprintf("%05d", i)
		switch r.IntN(60) {
		case 0:
			number = ""
		case 1:
			number = fmt.Sprintf("%05d", r.IntN(i+1)) // somebody else's
		case 2:
			number = " " + number + " "
		}
		given := pick("Aisha", "Siobhán", "GWILYM", "mei", "Owain ", "ليلى", "Inês", "", "Zo\u00eb", "Theodora Wilhelmina")
		family := pick("Khan", "O’Leary", "ap Rhys", "حداد", "Novotný", "", "Featherstonehaugh-Cholmondeley", "Lin\u200b", "Tuck")
		mail := pick("", "", fmt.Sprintf("person%d@northwold.example", i), fmt.Sprintf("PERSON%d@Northwold.example", i), "lees@family.example", "n/a", "person at home", "a@b@c.example")
		phone := pick("", "07700 900123", "+44 7700 900124", "01632 960201 ext 4", "ask her mum", "=07700900125")
		group := pick("Fenland District", "Brecks District;Leaders", "Coast > Beavers", " coast > Beavers", "")
		group = `"` + group + `"`
		day := pick("", "2019-09-01", "01/09/2019", "1 Sep 2019", "31/02/2019", "last year")
		lines = append(lines, strings.Join([]string{number, given, family, mail, phone, group, day}, ";"))
		if r.IntN(40) == 0 {
			lines = append(lines, lines[len(lines)-1]) // pasted twice
		}
	}
	return lines
}

// However messy: every row is accounted for, what was applied needs nothing more, and an undo leaves what was there.
func TestMessyRegisters(t *testing.T) {
	locales, err := page.LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			c := open(t)
			before := c.state()
			lines := messy(seed, 700)
			p := c.preview(ask(lines...))
			n := p.Change.Counts
			if len(p.Blocked) > 0 || n.Joined+n.Unchanged+n.Refused != len(lines)-1 || n.Joined < 100 || n.Refused < 100 {
				t.Fatalf("%d rows, %+v, %v", len(lines)-1, n, fmt.Sprintf("%+v", p.Blocked))
			}
			var repair bytes.Buffer
			rows, err := c.Repair(background, p, &repair, func(one *problem.Problem) string {
				for _, l := range locales.All() {
					if !l.Has(one.Key) {
						t.Errorf("%s has no sentence for %s", l.Code, one.Key)
					}
				}
				return locales.Find("en").Text(one.Key)
			})
			if err != nil || rows != n.Refused {
				t.Fatal(rows, err)
			}
			change, err := c.Apply(background, ruth, p.Change.ID)
			if err != nil {
				t.Fatal(err)
			}
			again := c.preview(ask(lines...)).Change.Counts
			if again.People() != 0 || again.Refused != n.Refused {
				t.Errorf("the same again: %+v", again)
			}
			// The rows to repair are still as bad, and nobody else is in them.
			fixed := c.preview(Ask{File: repair.Bytes(), Name: "repair.csv"}).Change.Counts
			if fixed.Refused > n.Refused || fixed.Changed > 0 {
				t.Errorf("the repair file: %+v", fixed)
			}
			if _, err := c.Undo(background, ruth, change.ID); err != nil {
				t.Fatal(err)
			}
			c.same("undone", c.state(), before)
		})
	}
}
