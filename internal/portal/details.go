// Details: what the organisation knows about the person, for the person to keep right.
package portal

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/session"
	"woggle/internal/signin"
)

type detailsPage struct {
	Rows     []signin.FieldRow
	Changed  []string // labels of the fields that were just changed
	Username string
	Email    string
	Frozen   bool
}

func (p *Portal) showDetails(w http.ResponseWriter, r *http.Request) error {
	return p.details(w, r, nil, nil)
}

func (p *Portal) details(w http.ResponseWriter, r *http.Request, typed map[string]string, wrong page.Problems) error {
	data := detailsPage{}
	err := p.DB.View(r.Context(), func(tx *db.Tx) error {
		user, err := directory.ByID(tx, session.Of(r).User.ID)
		if err != nil {
			return err
		}
		data.Username, data.Email, data.Frozen = user.Username, user.Email, user.Frozen()
		data.Rows, err = signin.DetailRows(tx, user, typed)
		return err
	})
	if err != nil {
		return err
	}
	changed := strings.Split(r.URL.Query().Get("changed"), ",")
	for _, row := range data.Rows {
		if slices.Contains(changed, row.ID) {
			data.Changed = append(data.Changed, row.Label(page.VisitOf(r).Locale.Code))
		}
	}
	return p.Pages.Show(w, r, "portal/details", data, news(r), page.Wrong(wrong))
}

func (p *Portal) saveDetails(w http.ResponseWriter, r *http.Request) error {
	var typed map[string]string
	var changed []string
	err := p.alter(r, func(tx *db.Tx, user directory.User) error {
		fields, err := directory.Fields(tx)
		if err != nil {
			return err
		}
		typed = signin.TypedDetails(r, fields)
		changed, err = setDetails(tx, user, fields, typed)
		return err
	})
	var wrong directory.Problems
	if errors.As(err, &wrong) {
		return p.details(w, r, typed, page.Problems(wrong))
	}
	if err != nil {
		return err
	}
	if len(changed) == 0 {
		return page.Redirect(w, r, "/details?done=same")
	}
	return page.Redirect(w, r, "/details?done=details&changed="+url.QueryEscape(strings.Join(changed, ",")))
}

// setDetails stores the values and tells which fields have another one now.
func setDetails(tx *db.Tx, user directory.User, fields []directory.Field, typed map[string]string) (changed []string, err error) {
	before, err := directory.Values(tx, user)
	if err != nil {
		return nil, err
	}
	if err := directory.SetValues(tx, user.ID, user, typed); err != nil {
		return nil, err
	}
	after, err := directory.Values(tx, user)
	for _, f := range fields {
		if before[f.ID] != after[f.ID] {
			changed = append(changed, f.ID)
		}
	}
	return changed, err
}
