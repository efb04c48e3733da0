package scim

import (
	"encoding/json"
	"testing"
)

// Whatever is sent as a filter is read within bounds, or refused; what was read can be held against somebody.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{`userName eq "x"`, `emails[type eq "work" and (primary eq true or value co "a")].value eq "x\"\\"`, `not (title pr) and id eq "1"`,
		`value-filter-0 pr`, `emails[value pr].type pr or meta.created gt "2020-01-01T00:00:00Z"`, `((((`, `a[b[c]]`, `"`, `urn:ietf:params:scim:schemas:core:2.0:User:name.givenName sw "é"`} {
		f.Add(seed)
	}
	somebody := map[string]any{"id": "1", "userName": "x", "active": true, "name": map[string]any{"givenName": "é"}, "emails": []any{map[string]any{"value": "a", "type": "work"}},
		"meta": map[string]any{"created": "2027-02-01T09:30:00Z"}}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := parseFilter(text)
		if err != nil {
			return
		}
		if len(text) > filterBytes {
			t.Errorf("a filter of %d bytes was read", len(text))
		}
		for _, k := range []kind{userKind, groupKind} {
			k.keys(parsed)
			k.passes(somebody, parsed)
		}
	})
}

// Whatever is sent as a body becomes JSON that the library can judge, or is refused.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{`{"schemas":["` + userURN + `"],"userName":"x","active":"True","emails":{"value":"a"},"` + enterpriseURN + `":{"manager":"m"},"` + enterpriseURN + `:department":"d"}`,
		`{"schemas":["` + patchURN + `"],"Operations":[{"op":"Replace","path":"emails[type eq \"work\"].value","value":"x"},{"op":"add","value":{"name.givenName":"x","` + enterpriseURN + `":{"manager":null}}}]}`,
		`{"schemas":["` + patchURN + `"],"Operations":[{"op":"Remove","path":"members","value":[{"value":"1","$ref":null}]},{"op":"remove","path":"` + enterpriseURN + `"}]}`,
		`{"schemas":["` + patchURN + `"],"Operations":[{"op":"add","path":"members","value":null},{"op":"replace","path":"urn:x","value":1},{"op":"replace","path":"urn:","value":1}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, k := range []kind{userKind, groupKind} {
			for _, read := range []func([]byte) ([]byte, error){k.resource, k.patch} {
				if out, err := read(body); err == nil && !json.Valid(out) {
					t.Errorf("%q became %q", body, out)
				}
			}
		}
	})
}

// A connection that asks too much at once is told to wait; the others are not in its way.
func TestAConnectionHasEightRequestsAtOnce(t *testing.T) {
	s := &Server{busy: map[string]int{}}
	for range atOnce {
		if !s.enter("a") {
			t.Fatal("fewer than eight are let in")
		}
	}
	if s.enter("a") || !s.enter("b") {
		t.Error("a ninth is let in, or another connection is kept out")
	}
	s.leave("a")
	if !s.enter("a") {
		t.Error("who left makes no room")
	}
}
