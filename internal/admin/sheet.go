// The trail for a spreadsheet.
package admin

import (
	"bytes"
	"net/http"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
)

const (
	mostRows   = 20_000 // of a sheet: a few megabytes, made within the time of a request
	rowsAtOnce = 500
)

// giveSheet gives what was looked for as CSV. It is made as a whole before it is sent: half a trail must not look like one.
func (a *Admin) giveSheet(w http.ResponseWriter, r *http.Request) error {
	var document bytes.Buffer
	sheet, err := audit.NewSheet(&document)
	if err != nil {
		return err
	}
	var q audit.Query
	err = a.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		q, err = trailQuery(tx, page.VisitOf(r).Locale, r.URL.Query())
		return err
	})
	if err != nil {
		return err
	}
	q.Count = rowsAtOnce
	for rows, more := 0, true; more && rows < mostRows; rows += rowsAtOnce {
		var events []audit.Event
		var people map[string]person
		err := a.DB.View(r.Context(), func(tx *db.Tx) (err error) {
			if events, err = audit.Find(tx, q); err != nil {
				return err
			}
			people, err = whoIn(tx, events, func(u directory.User) string { return u.Username })
			return err
		})
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := sheet.Write(e, people[e.Actor].Name, people[e.User].Name); err != nil {
				return err
			}
		}
		if more = len(events) == rowsAtOnce; more {
			q.Before = events[rowsAtOnce-1].ID
		}
	}
	if err := sheet.Flush(); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "text/csv; charset=utf-8")
	header.Set("Content-Disposition", `attachment; filename="audit.csv"`)
	header.Set("Cache-Control", "no-store")
	_, err = w.Write(document.Bytes())
	return err
}
