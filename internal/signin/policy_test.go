package signin

import (
	"testing"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

func TestTheLightTellsWhatOneAccidentTakes(t *testing.T) {
	for _, c := range []struct {
		places []Place
		want   Light
	}{
		{nil, Red},
		{[]Place{Handset}, Red},
		{[]Place{Paper}, Red},
		{[]Place{Handset, Handset}, Amber},
		{[]Place{Landline, Landline}, Amber},
		{[]Place{Handset, Landline}, Green},
		{[]Place{Handset, Handset, Paper}, Green},
		{[]Place{Account, Handset}, Green},
		{[]Place{Token, Account}, Green},
	} {
		if got := LightOf(c.places); got != c.want {
			t.Errorf("%v: %s, want %s", c.places, got, c.want)
		}
	}
}

func TestAPolicyIsKeptAndChecked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		set := func(p Policy) error {
			return d.Tx(t.Context(), func(tx *db.Tx) error { return SetPolicy(tx, "system", p) })
		}
		now := func() (p Policy) {
			if err := d.View(t.Context(), func(tx *db.Tx) (err error) { p, err = PolicyNow(tx); return err }); err != nil {
				t.Fatal(err)
			}
			return p
		}
		if p := now(); len(p.Allowed) != 0 || p.Strongest || p.Nudge.Off {
			t.Errorf("before anything is decided it is %+v", p)
		}
		for _, p := range []Policy{{Allowed: []Kind{Passkey, Phone}, Strongest: true}, {Order: []Kind{Phone}, Nudge: Campaign{Snooze: 3, Most: 2}}} {
			if err := set(p); err != nil {
				t.Fatal(err)
			}
			if got := now(); got.Strongest != p.Strongest || got.Nudge != p.Nudge || len(got.Allowed) != len(p.Allowed) {
				t.Errorf("kept %+v as %+v", p, got)
			}
		}
		for _, p := range []Policy{{Allowed: []Kind{Password}}, {Order: []Kind{"owl"}}, {Allowed: []Kind{Recovery}},
			{Nudge: Campaign{Snooze: 366}}, {Nudge: Campaign{Snooze: -1}}, {Nudge: Campaign{Most: -1}}} {
			if set(p) == nil {
				t.Errorf("%+v was taken", p)
			}
		}
		if got := now(); got.Nudge.Snooze != 3 {
			t.Errorf("a policy that was refused changed it: %+v", got)
		}
	})
}
