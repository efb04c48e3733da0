package call

import (
	"regexp"
	"strings"
	"testing"
)

func TestAStateInWriting(t *testing.T) {
	for text, want := range map[string]State{
		"code-greeting-1":      {Step: Greeting, Round: 1},
		"code-reading-4":       {Step: Reading, Round: 4},
		"code-over-0":          {Step: Over},
		"approve-greeting-2-4": {Step: Greeting, Round: 2, Keys: "4", Approve: true},
		"approve-keyed-0-47":   {Step: Keyed, Keys: "47", Approve: true},
		"approve-approved-0":   {Step: Approved, Approve: true},
	} {
		if s, err := Decode(text); err != nil || s != want || s.Encode() != text {
			t.Errorf("%s: %+v %v", text, s, err)
		}
	}
	plain := regexp.MustCompile(`^[a-z0-9-]{5,30}$`)
	for text, s := range states() {
		if back, err := Decode(s.Encode()); err != nil || back != s || !plain.MatchString(text) {
			t.Errorf("%s comes back as %+v, %v", text, back, err)
		}
	}
}

func TestOnlyStatesAreRead(t *testing.T) {
	for _, text := range []string{"", "code", "code-", "code-greeting", "code-greeting-0", "code-greeting-4", "code-greeting-01", "code-greeting-1-",
		"code-greeting-1-4", "code-reading-1", "code-reading-5", "code-reading-99999999999999999999", "approve-reading-2", "code-approved-0",
		"code-keyed-0-47", "approve-keyed-0-4", "approve-keyed-0-97", "approve-keyed-0-4x", "approve-keyed-0-474", "approve-greeting-1-9",
		"CODE-GREETING-1", " code-greeting-1", "code-greeting-1\n", "code-over-1", "code--0", strings.Repeat("code-over-0", 10000)} {
		if s, err := Decode(text); err == nil || s != (State{}) || len(err.Error()) > 80 {
			t.Errorf("%.40q is read as %+v, %v", text, s, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("code-greeting-1")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := Decode(text); err == nil && s.Encode() != text {
			t.Errorf("%q is read as %+v", text, s)
		}
	})
}
