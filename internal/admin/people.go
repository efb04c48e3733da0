// Finding people.
package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/signin"
)

const (
	peopleAPage = 25
	typedMax    = 200
	groupsShown = 200 // in the list to choose from: more make the page heavy
	phoneLeast  = 3   // digits: so many of a number can be read
	phoneWhole  = 7   // and from so many on it is a whole one
)

type peoplePage struct {
	Find      string
	Standing  directory.Standing
	Group     string // id
	Standings []directory.Standing
	Groups    []directory.Group
	People    []directory.Found
	Later     bool   // this is not the first page
	Again     string // address of the first page
	Next      string // address of the next one, or empty
	Narrowed  bool   // not everybody is looked for
}

func (a *Admin) showPeople(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	data := peoplePage{Find: strings.TrimSpace(query.Get("find")), Standing: directory.Standing(query.Get("standing")), Group: query.Get("group"),
		Standings: directory.Standings[:]}
	if len(data.Find) > typedMax {
		data.Find = ""
	}
	if !slices.Contains(data.Standings, data.Standing) {
		data.Standing = ""
	}
	search := directory.Search{Typed: data.Find, Standing: data.Standing, Group: data.Group, After: query.Get("after"), Count: peopleAPage}
	var next string
	err := a.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		if data.Groups, _, err = directory.GroupsAfter(tx, "", groupsShown); err != nil {
			return err
		}
		data.People, next, err = a.find(tx, search)
		return err
	})
	if err != nil {
		return err
	}
	data.Again, data.Later, data.Narrowed = addressOf(query, ""), search.After != "", data.Find+string(data.Standing)+data.Group != ""
	if next != "" {
		data.Next = addressOf(query, next)
	}
	return a.Pages.Show(w, r, "admin/people", data)
}

// addressOf is the address of a page of the same search.
func addressOf(query url.Values, after string) string {
	known := url.Values{}
	for _, name := range []string{"find", "standing", "group"} {
		if value := query.Get(name); value != "" && len(value) <= typedMax {
			known.Set(name, value)
		}
	}
	if after != "" {
		known.Set("after", after)
	}
	return "/admin/people?" + known.Encode()
}

// find finds people by what was typed: digits may be the end of a phone number, or a whole one. Of a number only a fingerprint and the
// last three digits are stored.
func (a *Admin) find(tx *db.Tx, s directory.Search) ([]directory.Found, string, error) {
	digits := digitsOf(s.Typed)
	if len(digits) < phoneLeast || s.After != "" {
		return s.Find(tx)
	}
	var ids []string
	var err error
	if len(digits) >= phoneWhole {
		ids, err = signin.UsersByLookup(tx, a.Phone(s.Typed)...)
	} else {
		ids, err = signin.UsersByEnding(tx, digits[len(digits)-phoneLeast:], s.Count)
	}
	if err != nil || len(ids) == 0 {
		return s.Find(tx)
	}
	named, next, err := s.Find(tx)
	if err != nil || len(named) > 0 { // a user name of digits goes first
		return named, next, err
	}
	s.Typed, s.IDs = "", ids[:min(len(ids), s.Count)]
	return s.Find(tx)
}

// digitsOf are the digits of what may be a phone number, or nothing.
func digitsOf(typed string) string {
	var digits strings.Builder
	for _, r := range typed {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case !unicode.IsSpace(r) && !strings.ContainsRune("+()-.•", r):
			return ""
		}
	}
	return digits.String()
}
