package externalmfa

import (
	"testing"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
)

// Section 4.2: who was matched through Graph is found by the object id, whatever the token calls them; and only where the
// administrator said so.
func TestWhomMicrosoft365HasMatched(t *testing.T) {
	d, _ := dbtest.Open(t)
	const tenant, object, other = "0c0e0a9e-0000-4000-8000-000000000001", "0c0e0a9e-0000-4000-8000-000000000002", "0c0e0a9e-0000-4000-8000-000000000003"
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		user, err := directory.Add(tx, directory.User{Username: "aisha"})
		if err != nil {
			return err
		}
		p := &Provider{Deps: Deps{Matched: func(_ *db.Tx, t, o string) (string, bool, error) {
			if t == tenant && o == object {
				return user.ID, true, nil
			}
			return "", false, nil
		}}}
		for _, c := range []struct {
			story string
			by    MatchBy
			h     hint
			want  whyNot
		}{
			{"matched", ByMicrosoft, hint{Object: object}, fine},
			{"matched, and called otherwise", ByMicrosoft, hint{Object: object, UPN: "bryn@northwold.example"}, fine},
			{"not matched, though of the same name", ByMicrosoft, hint{Object: other, UPN: "aisha"}, unknown},
			{"matched, but only links count", ByLink, hint{Object: object}, unknown},
			{"matched, but only names count", ByUsername, hint{Object: object, UPN: "nobody@northwold.example"}, unknown},
			{"a guest whom somebody matched", ByMicrosoft, hint{Object: object, Account: 1}, guest},
		} {
			got, isNew, not, err := p.person(tx, Connection{Tenant: tenant, MatchBy: c.by}, c.h)
			if err != nil || not != c.want || !isNew || (not == fine) != (got.ID == user.ID) {
				t.Errorf("%s: %q, new %t, not %q, %v", c.story, got.ID, isNew, not, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
