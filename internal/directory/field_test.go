package directory_test

import (
	"strings"
	"testing"

	"woggle/internal/directory"
)

func TestFieldValues(t *testing.T) {
	role := directory.Field{ID: "x", Kind: directory.Choice, Options: []string{"Leader", "Helper"}}
	number := directory.Field{ID: "x", Kind: directory.Text, Pattern: `[0-9]{6}|none`}
	for _, row := range []struct {
		field        directory.Field
		typed, value string
		key          string
	}{
		{directory.Field{Kind: directory.Text}, "", "", ""},
		{directory.Field{Kind: directory.Text, Required: true}, "", "", "directory.value.required"},
		{directory.Field{Kind: directory.Text, Required: true}, " \u00A0", "", "directory.value.required"},
		{directory.Field{Kind: directory.Text}, " Sia\u0302n’s <b>mum</b> ", "Siân’s <b>mum</b>", ""},
		{directory.Field{Kind: directory.Text}, strings.Repeat("é", 500), strings.Repeat("é", 500), ""},
		{directory.Field{Kind: directory.Text}, strings.Repeat("é", 501), strings.Repeat("é", 501), "directory.text.long"},
		{directory.Field{Kind: directory.Text}, "a\nb", "a\nb", "directory.text.characters"},
		{directory.Field{ID: "given_name", Kind: directory.Text}, "\u200D", "\u200D", "directory.name.unseen"},
		{directory.Field{ID: "given_name", Kind: directory.Text}, strings.Repeat("x", 101), strings.Repeat("x", 101), "directory.text.long"},
		{directory.Field{Kind: directory.Email}, "ann@northwold.example", "ann@northwold.example", ""},
		{directory.Field{Kind: directory.Email}, "ann", "ann", "directory.email.form"},
		{directory.Field{Kind: directory.Phone}, "０１６３２ 960123", "01632 960123", ""},
		{directory.Field{Kind: directory.Phone}, "+44 (0)1632 960-123 ext 4", "+44 (0)1632 960-123 ext 4", ""},
		{directory.Field{Kind: directory.Phone}, "ask Ann", "ask Ann", "directory.value.phone"},
		{directory.Field{Kind: directory.Phone}, "12", "12", "directory.value.phone"},
		{directory.Field{Kind: directory.Phone}, strings.Repeat("1", 41), strings.Repeat("1", 41), "directory.value.phone"},
		{directory.Field{Kind: directory.Date}, "1948-02-29", "1948-02-29", ""},
		{directory.Field{Kind: directory.Date}, "1949-02-29", "1949-02-29", "directory.value.date"},
		{directory.Field{Kind: directory.Date}, "29/2/1948", "29/2/1948", "directory.value.date"},
		{directory.Field{Kind: directory.YesNo}, "yes", "yes", ""},
		{directory.Field{Kind: directory.YesNo}, "on", "on", "directory.value.choice"},
		{role, "Helper", "Helper", ""},
		{role, "King", "King", "directory.value.choice"},
		{number, "123456", "123456", ""},
		{number, "none", "none", ""},
		{number, "1234567", "1234567", "directory.value.pattern"},
		{number, "nonesuch", "nonesuch", "directory.value.pattern"},
	} {
		value := row.field.Tidy(row.typed)
		if value != row.value {
			t.Errorf("%s %+q is stored as %+q, want %+q", row.field.Kind, row.typed, value, row.value)
		}
		wantsKey(t, string(row.field.Kind)+" "+row.typed, row.field.Check(value), row.key)
	}
}

func TestLabelsFallBack(t *testing.T) {
	f := directory.Field{Labels: map[string]string{"en": "Role", "cy": "Rôl"}, Help: map[string]string{"gd": "b", "fr": "", "ga": "a"}}
	for _, row := range []struct{ got, want string }{
		{f.Label("cy"), "Rôl"}, {f.Label("de"), "Role"}, {f.HelpText("cy"), "a"}, {directory.Field{}.HelpText("en"), ""},
	} {
		if row.got != row.want {
			t.Errorf("got %q, want %q", row.got, row.want)
		}
	}
}
