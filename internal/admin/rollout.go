// Roll-out: how far everybody is, in all and by group.
package admin

import (
	"net/http"
	"net/url"
	"strconv"

	"woggle/internal/db"
	"woggle/internal/directory"
)

const groupsAPage = 50

type rollOutPage struct {
	All          figures
	Groups       []groupRow
	Later        bool   // this is not the first page of groups
	Next         string // name after which the next page of groups begins, or empty
	Spent, Limit string // of the month; empty where nothing costs
}

// figures are how many people stand how, of a group or in all.
type figures struct {
	Group   string // id, or empty
	People  number // who have not left
	Percent int64  // of them are protected
	counts  directory.Counts
}

// groupRow is a line of the table.
type groupRow struct {
	Name string
	figures
}

// number is a count that reads 1,141.
type number int64

func (n number) String() string {
	text := strconv.FormatInt(int64(n), 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// figure is a count that leads to the people whom it counts.
type figure struct {
	Number   number
	Address  string
	Standing directory.Standing
}

// Of is how many are of the standing.
func (f figures) Of(standing string) figure {
	query := url.Values{"standing": {standing}}
	if f.Group != "" {
		query.Set("group", f.Group)
	}
	s := directory.Standing(standing)
	return figure{number(f.counts[s]), "/admin/people?" + query.Encode(), s}
}

// Out are those who are kept out, one way or the other, of whom there are any.
func (f figures) Out() (all []figure) {
	for _, standing := range []directory.Standing{directory.Halted, directory.LockedOut, directory.Closed} {
		if one := f.Of(string(standing)); one.Number > 0 {
			all = append(all, one)
		}
	}
	return all
}

// KeptOut is how many of the people cannot sign in, or change nothing.
func (f figures) KeptOut() number {
	return number(f.counts[directory.Halted] + f.counts[directory.LockedOut])
}

func figuresOf(group string, c directory.Counts) figures {
	f := figures{Group: group, People: number(c.All()), counts: c}
	if f.People > 0 {
		f.Percent = c[directory.Protected] * 100 / c.All() // 100 is everybody
	}
	return f
}

func (a *Admin) showRollOut(w http.ResponseWriter, r *http.Request) error {
	var data rollOutPage
	after := r.URL.Query().Get("after")
	err := a.DB.View(r.Context(), func(tx *db.Tx) error {
		data = rollOutPage{Later: after != ""}
		all, err := directory.CountStandings(tx)
		if err != nil {
			return err
		}
		data.All = figuresOf("", all)
		groups, counts, err := directory.GroupsAfter(tx, after, groupsAPage+1)
		if err != nil {
			return err
		}
		if len(groups) > groupsAPage {
			groups = groups[:groupsAPage]
			data.Next = groups[groupsAPage-1].Name
		}
		for _, g := range groups {
			data.Groups = append(data.Groups, groupRow{g.Name, figuresOf(g.ID, counts[g.ID])})
		}
		if a.Spent != nil {
			data.Spent, data.Limit, err = a.Spent(tx)
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.Pages.Show(w, r, "admin/roll-out", data)
}
