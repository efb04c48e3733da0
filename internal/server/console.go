// What the console works with.
package server

import (
	"woggle/internal/admin"
	"woggle/internal/db"
	"woggle/internal/method/phone"
)

func (s *Server) newAdmin(o Options) (*admin.Admin, error) {
	deps := admin.Deps{DB: o.DB, Keys: o.Keys, Pages: s.pages, Sessions: s.sessions, Flow: s.flow, Reset: s.ResetMethods, Tiles: s.tiles,
		Phone: func(typed string) []string {
			number, err := o.Plan.Parse(typed, "", "")
			if err != nil {
				return nil
			}
			return phone.Lookups(o.Keys, number.E164)
		}}
	if o.Routes != nil {
		deps.Spent = func(tx *db.Tx) (spent, limit string, err error) {
			_, month, err := o.Limits.Spent(tx)
			if o.Limits.All.Month > 0 {
				limit = o.Limits.All.Month.String() + " " + o.Currency
			}
			return month.String() + " " + o.Currency, limit, err
		}
	}
	return admin.New(deps)
}
