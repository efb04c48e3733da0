package directory_test

import (
	"testing"

	"woggle/internal/directory"
)

func TestNames(t *testing.T) {
	for _, row := range []struct{ given, family, name, called string }{
		{"Aisha", "Khan", "Aisha Khan", "Aisha"},
		{"Aisha", "", "Aisha", "Aisha"},
		{"", "Khan", "Khan", "aisha.khan"},
		{"", "", "aisha.khan", "aisha.khan"},
	} {
		u := directory.User{Username: "aisha.khan", GivenName: row.given, FamilyName: row.family}
		if u.Name() != row.name || u.Called() != row.called {
			t.Errorf("%q %q is %q, called %q; want %q, called %q", row.given, row.family, u.Name(), u.Called(), row.name, row.called)
		}
	}
}
