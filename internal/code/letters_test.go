package code

import (
	"strings"
	"testing"
)

func TestLettersAreReadAsTheyAreTyped(t *testing.T) {
	for _, row := range []struct{ typed, want string }{
		{"abcd-2345", "abcd2345"}, {"ABCD 2345", "abcd2345"}, {" ab cd–23.45 ", "abcd2345"}, {"abcd2345\r\n", "abcd2345"}, {"abcd٢٣٤٥", "abcd2345"},
		{"", ""}, {"abcd234", ""}, {"abcd23456", ""}, {"abcd-234o", ""}, {"abcd-2340", ""}, {"abcd-234l", ""}, {"abcd2345\x00", ""}, {"ａbcd2345", ""},
		{"abcd2345\xff", ""}, {"----", ""}, {strings.Repeat(" ", 80) + "abcd2345", ""}, {strings.Repeat("a", 1<<20), ""},
	} {
		if got, ok := CleanLetters(row.typed, 8); ok != (row.want != "") || ok && got != row.want {
			t.Errorf("CleanLetters(%.20q) = %q, %v; want %q", row.typed, got, ok, row.want)
		}
	}
	if _, ok := CleanLetters("", 0); ok {
		t.Error("nothing is a code of no letters")
	}
}

func TestMadeLettersAreRandomAndReadBack(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		made := Letters(16)
		grouped := Grouped(made)
		if read, ok := CleanLetters(grouped, 16); !ok || read != made || len(grouped) != 19 || seen[made] {
			t.Fatalf("%s is written %s and read %s", made, grouped, read)
		}
		seen[made] = true
	}
}
