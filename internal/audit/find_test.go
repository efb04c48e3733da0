package audit_test

import (
	"slices"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

func TestFinding(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		begun := clock.Now()
		for _, e := range []audit.Event{
			{Type: audit.UserAdded, Actor: audit.System, User: "ann", Detail: audit.Detail{"name": "100%_sure"}},
			{Type: audit.SignedIn, Actor: "ann", User: "ann", Address: "192.0.2.1", Agent: "Firefox · Windows"},
			{Type: audit.SignedIn, Actor: "bob", User: "bob", Address: "2001:DB8::1"},
			{Type: audit.MethodsReset, Actor: "bob", User: "ann"},
		} {
			record(t, d, e)
			clock.Advance(time.Hour)
		}
		hour := func(n int) time.Time { return begun.Add(time.Duration(n) * time.Hour) }
		for name, row := range map[string]struct {
			query audit.Query
			want  []audit.Type
		}{
			"all":                          {audit.Query{}, []audit.Type{audit.MethodsReset, audit.SignedIn, audit.SignedIn, audit.UserAdded}},
			"the newest":                   {audit.Query{Count: 1}, []audit.Type{audit.MethodsReset}},
			"of a person":                  {audit.Query{User: "bob"}, []audit.Type{audit.SignedIn}},
			"by a person":                  {audit.Query{Actor: "bob"}, []audit.Type{audit.MethodsReset, audit.SignedIn}},
			"of kinds":                     {audit.Query{Types: []audit.Type{audit.UserAdded, audit.MethodsReset}}, []audit.Type{audit.MethodsReset, audit.UserAdded}},
			"from an hour on":              {audit.Query{Since: hour(2)}, []audit.Type{audit.MethodsReset, audit.SignedIn}},
			"before an hour":               {audit.Query{Until: hour(1)}, []audit.Type{audit.UserAdded}},
			"all at once":                  {audit.Query{User: "ann", Actor: "ann", Types: []audit.Type{audit.SignedIn}, Since: hour(1), Until: hour(2), Text: "firefox"}, []audit.Type{audit.SignedIn}},
			"a word of the detail":         {audit.Query{Text: "SURE"}, []audit.Type{audit.UserAdded}},
			"a word of the address":        {audit.Query{Text: "2001:db8"}, []audit.Type{audit.SignedIn}},
			"signs that mean something":    {audit.Query{Text: "%_"}, []audit.Type{audit.UserAdded}},
			"signs that stand for nothing": {audit.Query{Text: "0_s"}, nil},
			"a quote":                      {audit.Query{Text: "' OR ''='"}, nil},
			"nobody":                       {audit.Query{User: "nobody"}, nil},
		} {
			if row.query.Count == 0 {
				row.query.Count = 10
			}
			var got []audit.Type
			err := d.View(background, func(tx *db.Tx) error {
				events, err := audit.Find(tx, row.query)
				for _, e := range events {
					got = append(got, e.Type)
				}
				return err
			})
			if err != nil || !slices.Equal(got, row.want) {
				t.Errorf("%s: %v (%v), want %v", name, got, err, row.want)
			}
		}
	})
}

// Events are kept for as long as was decided; what is gone is told.
func TestKeeping(t *testing.T) {
	eachTrail(t, func(l trail) {
		l.happens(2)
		sweep := func() (done bool) {
			l.tx(func(tx *db.Tx) (err error) {
				done, err = audit.Sweep(tx, l.ring)
				return err
			})
			return done
		}
		keep := func(days int) {
			l.tx(func(tx *db.Tx) error { return audit.SetKeep(tx, "bob", days) })
		}
		l.clock.Advance((audit.DefaultKeep - 1) * 24 * time.Hour)
		if sweep() {
			t.Error("events are gone that are not two years old")
		}
		keep(0)
		keep(0) // changes nothing, and is no event
		l.clock.Advance(10 * 365 * 24 * time.Hour)
		if sweep() {
			t.Error("what is kept for ever is gone")
		}
		keep(400)
		if !sweep() || sweep() {
			t.Error("old events are not gone, or twice")
		}
		l.seals()
		var rest []audit.Event
		l.tx(func(tx *db.Tx) (err error) {
			rest, err = audit.Find(tx, audit.Query{Count: 10})
			return err
		})
		if len(rest) != 3 || rest[0].Type != audit.AuditPruned || rest[1].Detail["before"] != "0" || rest[1].Detail["days"] != "400" || rest[2].Actor != "bob" {
			t.Errorf("what is left is %+v", rest)
		}
		if r := l.verified(""); !r.Whole() || r.Pruned != 1 {
			t.Errorf("the trail is %+v", r)
		}
	})
}
