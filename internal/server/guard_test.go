package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"woggle/internal/db"
	"woggle/internal/directory"
)

// The cross-site forms of threat T54, and what must go on working.
func TestOnlyOurOwnFormsAreTaken(t *testing.T) {
	h := newHouse(t, site1)
	cookie, token := h.form(t, site1)
	_, stranger := h.form(t, site1)
	for name, c := range map[string]struct {
		token   string
		change  []func(*http.Request)
		refused bool
	}{
		"our own page":                   {token, []func(*http.Request){cookie, header("Origin", site1), header("Sec-Fetch-Site", "same-origin")}, false},
		"a client without Origin":        {token, []func(*http.Request){cookie}, false},
		"an old browser":                 {token, []func(*http.Request){cookie, header("Origin", site1)}, false},
		"another site":                   {token, []func(*http.Request){cookie, header("Origin", "https://evil.example")}, true},
		"another site without Origin":    {token, []func(*http.Request){cookie, header("Sec-Fetch-Site", "cross-site")}, true},
		"a sibling":                      {token, []func(*http.Request){cookie, header("Origin", "https://evil.northwold.example")}, true},
		"a sibling, as fetch says":       {token, []func(*http.Request){cookie, header("Sec-Fetch-Site", "same-site")}, true},
		"our name without TLS":           {token, []func(*http.Request){cookie, header("Origin", "http://signin.northwold.example")}, true},
		"our name on another port":       {token, []func(*http.Request){cookie, header("Origin", site1+":8443")}, true},
		"our name as a user":             {token, []func(*http.Request){cookie, header("Origin", "https://signin.northwold.example@evil.example")}, true},
		"our name as a beginning":        {token, []func(*http.Request){cookie, header("Origin", site1+".evil.example")}, true},
		"Origin null":                    {token, []func(*http.Request){cookie, header("Origin", "null")}, true},
		"Origin empty":                   {token, []func(*http.Request){cookie, header("Origin", "")}, true},
		"two Origins":                    {token, []func(*http.Request){cookie, header("Origin", site1, "https://evil.example")}, true},
		"typed by hand":                  {token, []func(*http.Request){cookie, header("Sec-Fetch-Site", "none")}, true},
		"no token":                       {"", []func(*http.Request){cookie, header("Origin", site1)}, true},
		"no token and no Origin":         {"", []func(*http.Request){cookie}, true},
		"another browser's token":        {stranger, []func(*http.Request){cookie, header("Origin", site1)}, true},
		"no cookie":                      {token, []func(*http.Request){header("Origin", site1)}, true},
		"half a token":                   {token[:20], []func(*http.Request){cookie}, true},
		"an altered token":               {"A" + token[1:], []func(*http.Request){cookie}, token[0] != 'A'},
		"a token that is no base64":      {"!" + token, []func(*http.Request){cookie}, true},
		"as JSON, for a form of fetch":   {token, []func(*http.Request){cookie, header("Content-Type", "application/json")}, true},
		"as plain text, for an old form": {token, []func(*http.Request){cookie, header("Content-Type", "text/plain")}, true},
		"as multipart":                   {token, []func(*http.Request){cookie, header("Content-Type", "multipart/form-data; boundary=x")}, true},
	} {
		t.Run(name, func(t *testing.T) {
			values := url.Values{"username": {"jo"}, "t": {c.token}}
			r := h.ask("POST", site1+"/signin", strings.NewReader(values.Encode()), c.change...)
			if refused := r.StatusCode == http.StatusForbidden; refused != c.refused {
				t.Errorf("status %d", r.StatusCode)
			}
			if c.refused && !strings.Contains(body(t, r), "did not come from our own page") {
				t.Error("the page does not say what happened")
			}
		})
	}
	if r := h.ask("POST", site1+"/signin?t="+token, strings.NewReader("username=jo"), cookie); r.StatusCode != http.StatusForbidden {
		t.Errorf("a token in the address is taken: %d", r.StatusCode)
	}
}

// What changes something is no GET: every POST route, asked by GET, has another page or none.
func TestNothingIsChangedByALink(t *testing.T) {
	h := newHouse(t, site1)
	for _, path := range []string{"/signout", "/language?to=cy", "/security/sessions/end", "/signin/leave", "/signin/forgot?username=jo"} {
		r := h.ask("GET", site1+path, nil)
		if r.StatusCode == http.StatusSeeOther {
			t.Errorf("GET %s does something: %s", path, r.Header.Get("Location"))
		}
		for _, c := range r.Cookies() {
			if !strings.HasSuffix(c.Name, "-browser") {
				t.Errorf("GET %s sets %s", path, c.Name)
			}
		}
	}
}

// Bounds of what may be sent (threat T81). What is malformed is told so, and never our fault.
func TestBoundsOfAForm(t *testing.T) {
	h := newHouse(t, site1)
	cookie, token := h.form(t, site1)
	keysOf := func(n int) string {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, "k%d=v&", i)
		}
		return text.String()
	}
	for name, c := range map[string]struct {
		form   string
		status int
	}{
		"a form":                {"", http.StatusSeeOther},
		"64 KiB":                {"pad=" + strings.Repeat("x", 64<<10), http.StatusRequestEntityTooLarge},
		"just below":            {"pad=" + strings.Repeat("x", 63<<10), http.StatusSeeOther},
		"a million keys":        {keysOf(100_000), http.StatusRequestEntityTooLarge},
		"a hundred keys":        {keysOf(101), http.StatusRequestEntityTooLarge},
		"a hundred values":      {strings.Repeat("k=v&", 5000), http.StatusSeeOther},
		"a bad escape":          {"a=%zz", http.StatusBadRequest},
		"a semicolon":           {"a=b;c=d", http.StatusBadRequest},
		"zeros and broken text": {"username=%00%ff", http.StatusUnprocessableEntity},
	} {
		values := url.Values{"t": {token}}
		if !strings.Contains(c.form, "username") {
			values.Set("username", "jo")
		}
		r := h.ask("POST", site1+"/signin", strings.NewReader(values.Encode()+"&"+c.form), cookie)
		if r.StatusCode != c.status {
			t.Errorf("%s: status %d, want %d", name, r.StatusCode, c.status)
		}
	}
	if r := h.ask("POST", site1+"/signin?a=%zz&b=;", strings.NewReader("username=jo&t="+token), cookie); r.StatusCode != http.StatusBadRequest {
		t.Errorf("a bad query: status %d", r.StatusCode)
	}
	for _, value := range []string{"", "x", strings.Repeat("a", 51), strings.Repeat("A", 52), strings.Repeat("a", 53), strings.Repeat("a", 10_000), "%00"} {
		r := h.ask("GET", site1+"/signin", nil, header("Cookie", "__Host-woggle-browser="+value+"; __Host-woggle-session="+value+"; woggle-language="+value))
		if r.StatusCode != http.StatusOK || strings.Contains(body(t, r), value+`"`) && len(value) > 50 {
			t.Errorf("the cookie %.60q: status %d", value, r.StatusCode)
		}
	}
}

// An address with what no database takes as a text leads nowhere, also where an id is looked up.
func TestAddressesThatAreNoText(t *testing.T) {
	each(t, func(s *site) {
		helper := s.member("gwilym", func(_ *db.Tx, u *directory.User) { u.Role = directory.Helper })
		secret := s.appOf(helper)
		b := s.browser().password("gwilym", passphrase).fill("Verify", "one-time-code", appCode(s, secret))
		for _, path := range []string{"/helping/people/%00", "/helping/people/%ff", "/security/methods/%00/remove", "/security/copies/%00", "/security/copies/a%ffb", "/%00"} {
			if b.open(path); b.page.Status != http.StatusNotFound {
				t.Errorf("%s gives %d: %s", path, b.page.Status, b.page.Text)
			}
		}
	})
}
