package externalmfa_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"woggle/internal/app/externalmfa"
)

const asked = `{"id_token":{"acr":{"values":[%ACR]},"amr":{"values":[%AMR]}}}`

func asking(acr, amr string) string {
	return strings.NewReplacer("%ACR", acr, "%AMR", amr).Replace(asked)
}

// Section 4.1: each parameter, missing, wrong, twice or too long. An error goes to Microsoft with the state, but only when it is
// proven who asks and where the answer goes; else there is a page, from which nothing leads away.
func TestEachParameter(t *testing.T) {
	w := one(t)
	m := w.member(upn)
	const page, fine = "page", ""
	long := strings.Repeat("x", 9<<10)
	for _, c := range []struct {
		story  string
		change func(form url.Values)
		want   string // the error, page, or fine
	}{
		{"as Entra sends it", func(url.Values) {}, fine},
		{"response_type in small letters", set("response_type", "id_token"), fine},
		{"response_type in any letters", set("response_type", "ID_TOKEN"), fine},
		{"no response_type", drop("response_type"), "unsupported_response_type"},
		{"response_type code", set("response_type", "code"), "unsupported_response_type"},
		{"response_type hybrid", set("response_type", "code id_token"), "unsupported_response_type"},
		{"no response_mode", drop("response_mode"), "invalid_request"},
		{"response_mode fragment", set("response_mode", "fragment"), "invalid_request"},
		{"no scope", drop("scope"), "invalid_scope"},
		{"scope without openid", set("scope", "profile"), "invalid_scope"},
		{"more scopes", set("scope", "profile openid"), fine},
		{"no nonce", drop("nonce"), "invalid_request"},
		{"a nonce without end", set("nonce", long), "invalid_request"},
		{"no state", drop("state"), fine},
		{"a state without end", set("state", long), "invalid_request"},
		{"a state that looks like markup", set("state", `"><script>alert(1)</script>`), fine},
		{"no hint", drop("id_token_hint"), "invalid_request"},
		{"no claims", drop("claims"), "invalid_request"},
		{"claims that are no JSON", set("claims", "{"), "invalid_request"},
		{"claims of the wrong kind", set("claims", `{"id_token":{"acr":1}}`), "invalid_request"},
		{"claims without acr", set("claims", asking("", `"otp"`)), "invalid_request"},
		{"claims without amr", set("claims", asking(`"possession"`, "")), "invalid_request"},
		{"claims without end", set("claims", asking(`"possession"`, `"otp"`)+strings.Repeat(" ", 9<<10)), "invalid_request"},
		{"more values than there are", set("claims", asking(`"possession"`, `"otp"`+strings.Repeat(`,"otp"`, 64))), "invalid_request"},
		{"one value instead of a list", set("claims", `{"id_token":{"acr":{"value":"possession"},"amr":{"value":"otp"}}}`), fine},
		{"more claims", set("claims", `{"userinfo":{"email":null},"id_token":{"email":null,"acr":{"values":["possession"]},"amr":{"values":["otp"]}}}`), fine},
		{"what only inherence meets", set("claims", asking(`"inherence"`, `"face"`)), "access_denied"},
		{"inherence or knowledge, after a possession", set("claims", asking(`"knowledgeorinherence"`, `"otp"`)), "access_denied"},
		{"knowledge", set("claims", asking(`"knowledge"`, `"otp"`)), "access_denied"},
		{"methods that we don't have", set("claims", asking(`"possessionorinherence"`, `"fpt","sc"`)), "access_denied"},
		{"no client_id", drop("client_id"), page},
		{"an unknown client_id", set("client_id", uuid.NewString()), page},
		{"a client_id that is SQL", set("client_id", "' OR 1=1 --"), page},
		{"the client_id in capitals", set("client_id", strings.ToUpper(w.client)), page},
		{"two client_ids", add("client_id", uuid.NewString()), page},
		{"no redirect_uri", drop("redirect_uri"), page},
		{"two redirect_uris", add("redirect_uri", "https://evil.example/"), page},
		{"another cloud's redirect_uri", set("redirect_uri", "https://login.microsoftonline.us/common/federation/externalauthprovider"), page},
		{"two states", add("state", "y"), "invalid_request"},
		{"two nonces", add("nonce", "y"), "invalid_request"},
		{"two hints", add("id_token_hint", "y"), "invalid_request"},
		{"two claims", add("claims", "{}"), "invalid_request"},
		{"what else there is", add("mkt", "cy-GB"), fine},
		{"prompt, which is not of this profile", add("prompt", "none"), fine},
		{"a request-id that is none", set("client-request-id", "\n\nforged line"), fine},
	} {
		t.Run(c.story, func(t *testing.T) {
			a := w.attempt(m.Person)
			form := url.Values{}
			for name, value := range a.Form {
				form.Set(name, value)
			}
			c.change(form)
			b := w.browser()
			var err error
			if b.page, err = b.Post(externalmfa.AuthorizePath, form); err != nil {
				t.Fatal(err)
			}
			switch c.want {
			case fine:
				b.sees("Enter the code")
				return
			case page:
				if b.goesNowhere().page.Status != 400 {
					t.Errorf("status %d", b.page.Status)
				}
				return
			}
			back, err := b.page.Form(w.tenant.Redirect())
			if err != nil {
				t.Fatal(err)
			}
			if back.Values.Get("error") != c.want || back.Values.Has("id_token") || back.Values.Has("code") {
				t.Errorf("goes back with %v", back.Values)
			}
			if state := form["state"]; len(state) == 1 && len(state[0]) < 100 && back.Values.Get("state") != state[0] {
				t.Errorf("the state is %q", back.Values.Get("state"))
			}
		})
	}
	if strings.Contains(w.log.String(), "forged line") {
		t.Error("a stranger writes into the log")
	}
}

func set(name, value string) func(url.Values) { return func(form url.Values) { form.Set(name, value) } }
func add(name, value string) func(url.Values) { return func(form url.Values) { form.Add(name, value) } }
func drop(name string) func(url.Values)       { return func(form url.Values) { form.Del(name) } }

// Threat T57: the one address, byte for byte. Each of its characters counts.
func TestARedirectThatIsWrongByOneCharacter(t *testing.T) {
	w := one(t)
	right := w.tenant.Redirect()
	a := w.attempt(w.member(upn).Person)
	wrong := []string{right + "/", right + "?", right + "#", right + " ", " " + right, strings.ToUpper(right), strings.Replace(right, "http:", "https:", 1),
		strings.Replace(right, "://", "://evil@", 1), right + "/../x", strings.Replace(right, "/common", "//common", 1), strings.Replace(right, "/common", "%2fcommon", 1)}
	for i := range right {
		wrong = append(wrong, right[:i]+right[i+1:], right[:i]+"x"+right[i:])
	}
	for _, redirect := range wrong {
		form := url.Values{}
		for name, value := range a.Form {
			form.Set(name, value)
		}
		form.Set("redirect_uri", redirect)
		b := w.browser()
		var err error
		if b.page, err = b.Post(externalmfa.AuthorizePath, form); err != nil {
			t.Fatal(err)
		}
		if b.page.Status != 400 || len(b.page.Forms) > 1 { // that of the language
			t.Errorf("%q: status %d, %d forms", redirect, b.page.Status, len(b.page.Forms))
		}
		b.sees("not Microsoft’s")
	}
	if w.requests() != 0 {
		t.Error("something was kept")
	}
}

// Section 4.3: one amr of those asked for, which is what was proved; one acr of those asked for, which possession meets.
func TestWhatIsAskedForIsAnswered(t *testing.T) {
	for _, c := range []struct{ acr, amr, want string }{
		{`"possessionorinherence"`, `"face","fido","otp","sms","tel"`, "possessionorinherence with otp"},
		{`"inherence","possession"`, `"otp"`, "possession with otp"},
		{`"knowledgeorpossession"`, `"tel","otp"`, "knowledgeorpossession with otp"},
		{`"knowledgeorpossessionorinherence"`, `"otp","sms"`, "knowledgeorpossessionorinherence with otp"},
	} {
		t.Run(c.acr, func(t *testing.T) {
			w := one(t)
			m := w.member(upn)
			a := w.attempt(m.Person)
			a.Claims = asking(c.acr, c.amr)
			a.Form["claims"] = a.Claims
			w.browser().bring(a).types(w.code(m)).back().sees(c.want)
		})
	}
}

// Section 4.1: the three addresses, one of each cloud, and section 4.2: where each cloud has its keys.
func TestTheClouds(t *testing.T) {
	var redirects []string
	for _, cloud := range externalmfa.Microsoft() {
		redirects = append(redirects, cloud.Redirect)
		if !strings.HasPrefix(cloud.Redirect, cloud.Authority+"/") || !strings.HasPrefix(cloud.Graph, "https://") {
			t.Errorf("%+v", cloud)
		}
	}
	want := "https://login.microsoftonline.com/common/federation/externalauthprovider " +
		"https://login.microsoftonline.us/common/federation/externalauthprovider " +
		"https://login.partner.microsoftonline.cn/common/federation/externalauthprovider"
	if got := strings.Join(redirects, " "); got != want {
		t.Errorf("got %s", got)
	}
}
