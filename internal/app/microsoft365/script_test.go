package microsoft365_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/app/microsoft365"
	"woggle/internal/app/microsoft365/graph"
)

func script(organisation string) microsoft365.Script {
	base, _ := url.Parse("https://signin.northwold.example")
	d := northwold[0]
	d.Protocol = microsoft365.WSFed
	return microsoft365.Script{Tenant: microsoft365.Tenant{ID: tenantID, Cloud: graph.Global}, Domain: d, Organisation: organisation, Base: base,
		Certificates: microsoft365.Certificates{Current: []byte("the current certificate"), Next: []byte("the next certificate")},
		At:           time.Date(2026, 12, 1, 9, 30, 0, 0, time.UTC)}
}

// The scripts are as an administrator would read them before running them. After a change that is meant, WOGGLE_WRITE_GOLDEN=1
// writes them anew, to be read in the difference.
func TestTheScriptsAreThoseThatWereRead(t *testing.T) {
	for _, name := range microsoft365.Scripts {
		got, err := script("Northwold Scouts").Write(name)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("testdata", name+".ps1")
		if os.Getenv("WOGGLE_WRITE_GOLDEN") == "1" {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is not %s:\n%s", name, file, got)
		}
		if strings.Contains(strings.ToLower(got), "secret =") || strings.Contains(got, "PRIVATE") {
			t.Errorf("%s has a secret in it", name)
		}
	}
}

// Whatever the organisation, the site and the domain are called, the scripts do the same: values stay values.
func TestNothingBreaksOutOfAScript(t *testing.T) {
	for _, name := range []string{"O'Brien", "St. Mary’s", "‘a‚b‛", "''", "'", "$(Remove-Item *)", "`$x", "a\"b", "#", "<# #>", "@'\nx\n'@", "a\nRemove-Item *", "a\r\nb", "\u2028x", "{{.}}", "%s", "\\'", "'; throw 'x", "’; throw ’x"} {
		for _, which := range microsoft365.Scripts {
			plain, hostile := script("Northwold Scouts"), script(name)
			hostile.Tenant.ID, hostile.Domain.Name, hostile.Domain.Issuer = name, name, name
			want, got := split(t, plain, which), split(t, hostile, which)
			if !slices.EqualFunc(want, got, func(a, b token) bool {
				return a.text == b.text && a.dollar == b.dollar && (a.text || a.value == b.value)
			}) {
				t.Errorf("%s: with %q the script does something else", which, name)
				continue
			}
			for i := range want {
				if want[i].text && slices.Contains([]string{"Northwold Scouts", "northwold.example", tenantID, plain.Domain.Issuer}, want[i].value) && got[i].value != name {
					t.Errorf("%s: %q became %q", which, name, got[i].value)
				}
			}
		}
	}
}

func split(t *testing.T, s microsoft365.Script, which string) []token {
	t.Helper()
	text, err := s.Write(which)
	if err != nil {
		t.Fatal(err)
	}
	all, err := tokens(text)
	if err != nil {
		t.Fatalf("%s with %q: %v", which, s.Organisation, err)
	}
	return all
}

func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"", "a", "'", "’'‘", "a'b", "‛", "$x\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if strings.ContainsRune(value, '\uFFFD') || strings.ToValidUTF8(value, "") != value {
			t.Skip()
		}
		all, err := tokens("x " + microsoft365.Quote(value) + " y")
		if err != nil || len(all) != 3 || !all[1].text || all[1].value != value {
			t.Errorf("%q: %+v, %v", value, all, err)
		}
		if strings.ContainsAny(microsoft365.Comment(value), "\n\r\u0085\u2028\u2029") {
			t.Errorf("%q breaks the line", value)
		}
	})
}

func TestOtherCloudsHaveOtherEnvironments(t *testing.T) {
	for cloud, want := range map[graph.Cloud]string{graph.US: "-Environment 'USGov'", graph.China: "-Environment 'China'"} {
		s := script("x")
		s.Tenant.Cloud = cloud
		if got, err := s.Write("check"); err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %v\n%s", cloud, err, got)
		}
	}
	s := script("x")
	s.Tenant.Cloud = "mars"
	if _, err := s.Write("check"); err == nil {
		t.Error("there is a script for Mars")
	}
}

// token is a piece of a script: a string with its value, or code.
type token struct {
	text   bool // it is a string that is taken as it stands
	value  string
	dollar bool // it is a string in which variables are expanded
}

func single(r rune) bool { return r == '\'' || r >= '\u2018' && r <= '\u201B' }
func double(r rune) bool { return r == '"' || r >= '\u201C' && r <= '\u201E' }

// tokens splits a script. Comments are left out; code is split at spaces and brackets.
func tokens(script string) (all []token, err error) {
	runes := []rune(script)
	var code strings.Builder
	end := func() {
		if code.Len() > 0 {
			all = append(all, token{value: code.String()})
			code.Reset()
		}
	}
	depth := []rune{}
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		switch {
		case single(r):
			end()
			value, next, closed := quoted(runes, i+1, single)
			if !closed {
				return nil, fmt.Errorf("a string does not end: %.40q", string(runes[i:]))
			}
			all, i = append(all, token{text: true, value: value}), next
		case double(r):
			end()
			value, next, closed := quoted(runes, i+1, double)
			if !closed || strings.ContainsAny(value, "$`") {
				return nil, fmt.Errorf("a string expands something, or does not end: %.40q", value)
			}
			all, i = append(all, token{dollar: true, value: value}), next
		case r == '#' && code.Len() == 0: // at the beginning of a token only
			for i < len(runes) && runes[i] != '\n' && runes[i] != '\r' {
				i++
			}
		case strings.ContainsRune("({[", r):
			end()
			depth, all = append(depth, r), append(all, token{value: string(r)})
		case strings.ContainsRune(")}]", r):
			end()
			if len(depth) == 0 || strings.IndexRune("({[", depth[len(depth)-1]) != strings.IndexRune(")}]", r) {
				return nil, fmt.Errorf("a bracket too many at %.40q", string(runes[i:]))
			}
			depth, all = depth[:len(depth)-1], append(all, token{value: string(r)})
		case r == '`':
			return nil, errors.New("there is a back-tick in code")
		case r == ' ' || r == '\n' || r == '\t' || r == '\r':
			end()
		default:
			code.WriteRune(r)
		}
	}
	end()
	if len(depth) > 0 {
		return nil, errors.New("a bracket is not closed")
	}
	return all, nil
}

// quoted reads a string up to its end; a doubled quote stands for the second of the two.
func quoted(runes []rune, from int, quote func(rune) bool) (value string, last int, closed bool) {
	var b strings.Builder
	for i := from; i < len(runes); i++ {
		if !quote(runes[i]) {
			b.WriteRune(runes[i])
			continue
		}
		if i+1 == len(runes) || !quote(runes[i+1]) {
			return b.String(), i, true
		}
		i++
		b.WriteRune(runes[i])
	}
	return "", 0, false
}
