package signin

import (
	"net/http/httptest"
	"strings"
	"testing"

	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/session"
)

func deviceFlow() *Flow {
	return &Flow{Deps: Deps{Keys: keys.Random(), Sessions: &session.Manager{}}}
}

// A shared browser is known to several people, each for themselves, until they sign out everywhere.
func TestAKnownBrowser(t *testing.T) {
	f := deviceFlow()
	r := httptest.NewRequest("GET", "/", nil)
	var people []directory.User
	for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
		user := directory.User{ID: id}
		if f.KnownDevice(r, user) != "" {
			t.Errorf("%s is known in a browser that they never used", id)
		}
		w := httptest.NewRecorder()
		f.rememberDevice(w, r, user)
		r = httptest.NewRequest("GET", "/", nil)
		r.AddCookie(w.Result().Cookies()[0])
		people = append(people, user)
	}
	if f.KnownDevice(r, people[0]) != "" || f.KnownDevice(r, people[1]) == "" || f.KnownDevice(r, people[5]) == "" {
		t.Error("it is not the last five who are known")
	}
	if raised := (directory.User{ID: "f", Epoch: 1}); f.KnownDevice(r, raised) != "" {
		t.Error("known after signing out everywhere")
	}
	if deviceFlow().KnownDevice(r, people[5]) != "" {
		t.Error("another installation knows it too")
	}
}

// Whatever stands in the cookie: no crash, and nobody is known by it.
func FuzzDeviceCookie(f *testing.F) {
	flow := deviceFlow()
	for _, seed := range []string{"", "a.b.c", "~~~", "a..", strings.Repeat("a.b.c~", 300), "u.d.AAAA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", "woggle-device="+value)
		if flow.KnownDevice(r, directory.User{ID: "a"}) != "" {
			t.Errorf("known by %q", value)
		}
	})
}
