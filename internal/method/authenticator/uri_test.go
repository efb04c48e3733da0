package authenticator

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestKeyURI(t *testing.T) {
	got := URI("Northwold County", "aisha.khan", rfcSecret)
	want := "otpauth://totp/Northwold%20County:aisha.khan" +
		"?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Northwold%20County&algorithm=SHA1&digits=6&period=30"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNamesInTheKeyURI(t *testing.T) {
	for _, row := range []struct{ issuer, account, wantIssuer, wantAccount string }{
		{"Scouts", "a@b.example", "Scouts", "a@b.example"},
		{"A+B & C?", "x+y#z%20/ü", "A+B & C?", "x+y#z%20/ü"},
		{"Scouts: Norfolk", "north:aisha", "Scouts Norfolk", "north aisha"},
		{"  Two\n words\t", "\u202eevil\u202c", "Two words", "evil"},
		{"Norfolk County Scout Council", "u", "Norfolk County Scout", "u"},
		{"Sgowtiaid Gogledd Cymru a'r Gororau", "u", "Sgowtiaid Gogledd Cymru", "u"},
		{"Clwb Ieuenctid Aberystwyth", "u", "Clwb Ieuenctid", "u"},
		{"Llanfairpwllgwyngyllgogerychwyrndrobwll", "u", "Llanfairpwllgwyngyllgoger", "u"},
		{strings.Repeat("a", 24) + "e\u0301e\u0301", "u", strings.Repeat("a", 24), "u"},
		{"Woods and Rivers, Lakes & Hills", "u", "Woods and Rivers, Lakes", "u"},
		{"", "u", "Woggle", "u"},
		{":\x00:", "u", "Woggle", "u"},
		{"Scouts\xff", "a\xffb", "Scouts", "ab"},
		{"جوالة", "ياسمين", "جوالة", "ياسمين"},
		{"Scouts ⚜", "😀", "Scouts ⚜", "😀"},
	} {
		uri := URI(row.issuer, row.account, rfcSecret)
		label, issuer := readBack(t, uri)
		if label != row.wantIssuer+":"+row.wantAccount || issuer != row.wantIssuer {
			t.Errorf("%q, %q: label %q, issuer %q", row.issuer, row.account, label, issuer)
		}
	}
}

func TestKeyForTyping(t *testing.T) {
	if got := GroupKey(rfcSecret); got != "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ" {
		t.Errorf("groups: %s", got)
	}
	for range 100 {
		secret := NewSecret()
		if key := Key(secret); len(key) != 32 || strings.ReplaceAll(GroupKey(secret), " ", "") != key {
			t.Fatalf("key %s, in groups %s", key, GroupKey(secret))
		}
	}
	if GroupKey(nil) != "" || GroupKey([]byte{0}) != "AA" {
		t.Error("short secrets are not grouped right")
	}
}

func FuzzURI(f *testing.F) {
	f.Add("Northwold County", "aisha.khan")
	f.Add("a:b+c d", "%2B&issuer=Other")
	f.Add(strings.Repeat("e\u0301", 40), "\u202e:\xff")
	f.Fuzz(func(t *testing.T, issuer, account string) {
		uri := URI(issuer, account, rfcSecret)
		label, parsed := readBack(t, uri)
		if before, rest, ok := strings.Cut(label, ":"); !ok || before != parsed || strings.Contains(rest, ":") {
			t.Fatalf("%q, %q: label %q, issuer %q", issuer, account, label, parsed)
		}
		if parsed == "" || utf8.RuneCountInString(parsed) > maxIssuer || utf8.RuneCountInString(label) > maxIssuer+1+maxAccount {
			t.Fatalf("%q, %q: label %q is too long or nameless", issuer, account, label)
		}
		if _, err := QR(uri, "label"); err != nil {
			t.Fatal(err)
		}
	})
}

// readBack takes a Key URI apart as an app does, and checks all that never varies.
func readBack(t *testing.T, uri string) (label, issuer string) {
	t.Helper()
	if strings.ContainsAny(uri, "+ \"<>'") {
		t.Fatalf("%s has a character that is not safe in it", uri)
	}
	parsed, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	query := parsed.Query()
	if parsed.Scheme != "otpauth" || parsed.Host != "totp" || len(query) != 5 || query.Get("secret") != Key(rfcSecret) ||
		query.Get("algorithm") != "SHA1" || query.Get("digits") != "6" || query.Get("period") != "30" {
		t.Fatalf("%s is not what an app expects", uri)
	}
	return strings.TrimPrefix(parsed.Path, "/"), query.Get("issuer")
}
