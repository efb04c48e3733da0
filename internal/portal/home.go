// Home: hello, the apps, and what is set up.
package portal

import (
	"net/http"
	"strings"
	"time"

	"woggle/internal/app"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/session"
	"woggle/internal/signin"
)

type homePage struct {
	Name   string
	Last   string // when the person signed in before this session, or empty
	Agent  string // and in which browser
	SetUp  []string
	Frozen bool

	Tiles []app.Tile // those that were looked for
	Find  string     // what was looked for
	Many  bool       // there are so many that people look for one by typing
}

// many is from how many tiles on they can be looked for: fewer are seen at a glance.
const many = 7

func (p *Portal) showHome(w http.ResponseWriter, r *http.Request) error {
	var methods []signin.Enrolled
	var before *audit.Event
	var now time.Time
	s := session.Of(r)
	err := p.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		now = tx.Now
		if methods, err = signin.Methods(tx, s.User.ID); err != nil {
			return err
		}
		before, err = audit.SignInBefore(tx, s.User.ID, s.CreatedAt)
		return err
	})
	if err != nil {
		return err
	}
	tiles, err := p.Tiles(r.Context(), s.User.ID)
	if err != nil {
		return err
	}
	locale := page.VisitOf(r).Locale
	data := homePage{Name: s.User.Called(), Frozen: s.User.Frozen(), // read with the session, a moment ago
		Find: strings.TrimSpace(r.URL.Query().Get("find")), Many: len(tiles) >= many}
	data.Tiles = found(tiles, data.Find)
	if before != nil {
		data.Last, data.Agent = locale.Moment(before.At, now), before.Agent
	}
	for _, row := range p.rows(methods, locale, now) {
		if row.Usable {
			data.SetUp = append(data.SetUp, row.Label)
		}
	}
	return p.Pages.Show(w, r, "portal/home", data)
}

// found are the tiles whose names have every word of what was typed in them, in any case.
func found(tiles []app.Tile, typed string) (all []app.Tile) {
	words := strings.Fields(strings.ToLower(typed))
	for _, tile := range tiles {
		name, in := strings.ToLower(tile.Name), true
		for _, word := range words {
			in = in && strings.Contains(name, word)
		}
		if in {
			all = append(all, tile)
		}
	}
	return all
}
