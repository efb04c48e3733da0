package directory_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"woggle/internal/directory"
)

func TestCanonicalFindsHoweverItIsTyped(t *testing.T) {
	for _, typed := range []string{"aisha.khan", "Aisha.Khan", "  AISHA.KHAN\t", "ａｉｓｈａ．ｋｈａｎ", "aisha.\u212Ahan",
		"\u2068aisha.khan\u2069", "\uFEFFaisha.khan\u200F", "\u00A0aisha.khan\u200B"} {
		if got := directory.Canonical(typed); got != "aisha.khan" {
			t.Errorf("%+q is looked up as %+q", typed, got)
		}
	}
}

// Threat T86: what only looks like a name is not that name, and cannot become one.
func TestLookAlikesAreOtherNames(t *testing.T) {
	for _, typed := range []string{"adm\u0131n", "\u0430dmin", "ad\u200Dmin", "ad\u200Bmin", "ad\u200Fmin", "admin\u0301",
		"ad\u00ADmin", "ad min", "ad\x00min", "admin\x00", "\u0130dmin", "\uFF41dm\u0456n", "ad\xFFmin"} {
		if directory.Canonical(typed) == "admin" {
			t.Errorf("%+q is looked up as admin", typed)
		}
		if directory.CheckUsername(typed) == nil {
			t.Errorf("%+q can be a user name", typed)
		}
	}
}

func TestCheckUsername(t *testing.T) {
	for _, row := range []struct{ name, key string }{
		{"a", ""},
		{"aisha.khan", ""},
		{"Aisha_O'Leary-2~#!^", ""},
		{"aisha.khan@northwold.example", ""},
		{strings.Repeat("a", 64), ""},
		{"", "directory.username.required"},
		{strings.Repeat("a", 65), "directory.username.long"},
		{"a@" + strings.Repeat("b", 49), "directory.username.long"},
		{strings.Repeat("9", 100_000), "directory.username.long"},
		{"siân", "directory.username.characters"},
		{"a b", "directory.username.characters"},
		{"a\r\nb", "directory.username.characters"},
		{"<b>", "directory.username.characters"},
		{"@northwold.example", "directory.username.characters"},
		{"a@b@c", "directory.username.characters"},
		{"a@", "directory.username.characters"},
		{"a@-b.example", "directory.username.characters"},
		{"ａ", "directory.username.characters"},
		{"👩‍🚀", "directory.username.characters"},
		{".a", "directory.username.dots"},
		{"a.", "directory.username.dots"},
		{"a.@northwold.example", "directory.username.dots"},
		{"a..b", "directory.username.dots"},
	} {
		wants(t, row.name, directory.CheckUsername(row.name), "username", row.key)
	}
}

func TestCheckEmail(t *testing.T) {
	for _, row := range []struct{ address, key string }{
		{"aisha.khan@northwold.example", ""},
		{"o'leary+scouts@mail.northwold.example", ""},
		{"a@xn--bcher-kva.example", ""},
		{"", "directory.email.required"},
		{strings.Repeat("a", 60) + "@" + strings.Repeat("b.", 120) + "example", "directory.email.long"},
		{strings.Repeat("a", 65) + "@b.example", "directory.email.form"},
		{"aisha", "directory.email.form"},
		{"@northwold.example", "directory.email.form"},
		{"aisha@", "directory.email.form"},
		{"aisha@localhost", "directory.email.form"},
		{"aisha@northwold..example", "directory.email.form"},
		{"aisha@[127.0.0.1]", "directory.email.form"},
		{"aisha@north_wold.example", "directory.email.form"},
		{"aisha@northwold.example\r\nBcc: all@northwold.example", "directory.email.characters"},
		{"aisha@northwold.example\r\n", "directory.email.form"},
		{".aisha@northwold.example", "directory.email.form"},
		{"ai..sha@northwold.example", "directory.email.form"},
		{"a@b@northwold.example", "directory.email.characters"},
		{"ai sha@northwold.example", "directory.email.characters"},
		{"\"a\"@northwold.example", "directory.email.characters"},
		{"a,b@northwold.example", "directory.email.characters"},
		{"Aisha <a@northwold.example", "directory.email.characters"},
		{"\u0430isha@northwold.example", "directory.email.characters"},
		{"ai\x00sha@northwold.example", "directory.email.characters"},
		{"ai\u200Bsha@northwold.example", "directory.email.characters"},
	} {
		wants(t, row.address, directory.CheckEmail(row.address), "email", row.key)
	}
}

func TestCheckPersonName(t *testing.T) {
	for _, row := range []struct{ name, key string }{
		{"", ""},
		{"Siân", ""},
		{"O’Leary-O'Neill", ""},
		{"ليلى", ""},
		{"נועה", ""},
		{"می\u200Cخواهم", ""},
		{"明日香", ""},
		{"Zoë 👩‍👩‍👧‍👦 🏴\U000E0067\U000E0062\U000E0077\U000E006C\U000E0073\U000E007F", ""},
		{"<script>alert(1)</script>", ""},
		{"{{.}} %s $1 '; DROP TABLE users", ""},
		{strings.Repeat("é", 100), ""},
		{strings.Repeat("é", 101), "directory.text.long"},
		{"Ann\nBcc: all@northwold.example", "directory.text.characters"},
		{"Ann\x00", "directory.text.characters"},
		{"Ann\x1b[31m", "directory.text.characters"},
		{"Ann\u0085", "directory.text.characters"},
		{"Ann\u2028", "directory.text.characters"},
		{"\u202Ennoc", "directory.text.characters"},
		{"\u2067Ann", "directory.text.characters"},
		{"Ann\xff", "directory.text.characters"},
		{"\u200D", "directory.name.unseen"},
		{"\u200F \u200B", "directory.name.unseen"},
		{"\u0301", "directory.name.unseen"},
	} {
		wants(t, row.name, directory.CheckPersonName(row.name), "name", row.key)
	}
}

func TestTidyComposes(t *testing.T) {
	if got := directory.Tidy("  Sia\u0302n "); got != "Siân" {
		t.Errorf("got %+q", got)
	}
}

// Whatever a stranger types can be looked up in both databases, and a name that can be stored is found by itself.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"aisha.khan", "ADMIN", "ad\x00min", "\xff", "ﷺ", "\u0345\u03B9", "  "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		key := directory.Canonical(typed)
		if !utf8.ValidString(key) || strings.ContainsRune(key, 0) {
			t.Errorf("%+q is looked up as %+q", typed, key)
		}
		if directory.CheckUsername(typed) == nil && key != strings.ToLower(typed) {
			t.Errorf("the user name %q is looked up as %+q", typed, key)
		}
	})
}
