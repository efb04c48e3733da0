// What an app is told of a person, and the tiles that a person sees.
package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
	"woggle/internal/session"
)

// Profile is what an app may know of somebody beyond their name, address and user name.
type Profile struct {
	Groups []string          // names, in their order; of the groups around those as well
	Values map[string]string // by the id of the field
}

// ProfileOf is what the app is told of the user.
func ProfileOf(tx *db.Tx, user directory.User, a *App) (p Profile, err error) {
	if len(a.Tell) == 0 {
		return p, nil
	}
	if a.Tells(TellGroups) {
		groups, err := directory.GroupsAround(tx, user.ID)
		if err != nil {
			return p, err
		}
		for _, g := range groups {
			p.Groups = append(p.Groups, g.Name)
		}
	}
	if !slices.ContainsFunc(a.Tell, func(what string) bool { return what != TellGroups }) {
		return p, nil
	}
	values, err := directory.Values(tx, user)
	if err != nil {
		return p, err
	}
	p.Values = map[string]string{}
	for id, value := range values {
		if a.Tells(id) && value != "" {
			p.Values[id] = value
		}
	}
	return p, nil
}

// OwnEmail is the user's e-mail address, or empty where somebody else has the same: an app that knows people by it would take one
// for the other, who may be a child of theirs, or whom another system has put here under a leader's address.
func OwnEmail(tx *db.Tx, user directory.User) (string, error) {
	if user.Email == "" {
		return "", nil
	}
	all, err := directory.ByEmail(tx, user.Email, 2)
	if err != nil || len(all) != 1 {
		return "", err
	}
	return user.Email, nil
}

// Tile is an app as a person sees it.
type Tile struct {
	ID   string // of the app, or empty
	Name string
	To   string // where it leads
	Logo string // address of a picture, or empty
}

// Initial stands for the picture of a tile that has none.
func (t Tile) Initial() string {
	for _, letter := range t.Name {
		return strings.ToUpper(string(letter))
	}
	return ""
}

// Tiles are the apps that the user may use and that have somewhere to go, in the order of their ids.
func (d *Desk) Tiles(ctx context.Context, user string) (tiles []Tile, err error) {
	apps, err := d.Catalogue.Current(ctx)
	if err != nil {
		return nil, err
	}
	var groups []directory.Group
	err = d.DB.Ask(ctx, func(tx *db.Tx) (err error) {
		groups, err = directory.GroupsAround(tx, user)
		return err
	})
	if err != nil {
		return nil, err
	}
	within := func(id string) bool {
		return slices.ContainsFunc(groups, func(g directory.Group) bool { return g.ID == id })
	}
	for _, a := range apps.All() {
		if a.Disabled || a.Launch == "" || len(a.Groups) > 0 && !slices.ContainsFunc(a.Groups, within) {
			continue
		}
		tile := Tile{ID: a.ID, Name: a.Name, To: a.Launch}
		if a.Logo != nil {
			sum := sha256.Sum256(a.Logo)
			tile.Logo = "/app/logo/" + a.ID + "?v=" + hex.EncodeToString(sum[:8])
		}
		tiles = append(tiles, tile)
	}
	// People look for a name; the ids, by which the catalogue is sorted, they never see.
	slices.SortStableFunc(tiles, func(a, b Tile) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return tiles, nil
}

// logo serves the picture of an app to people who are signed in.
func (d *Desk) logo(w http.ResponseWriter, r *http.Request) error {
	apps, err := d.Catalogue.Current(r.Context())
	if err != nil {
		return err
	}
	a, known := apps.ByID(r.PathValue("id"))
	if session.Of(r) == nil || !known || a.Logo == nil {
		return problem.New(problem.NotFound, "error.not-found")
	}
	header := w.Header()
	header.Set("Content-Type", LogoType(a.Logo))
	header.Set("Cache-Control", "private, max-age=86400") // its address changes with it
	_, err = w.Write(a.Logo)
	return err
}
