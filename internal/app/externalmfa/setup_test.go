package externalmfa_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"woggle/internal/app/externalmfa"
)

func script() externalmfa.Script {
	return externalmfa.Script{Cloud: externalmfa.Microsoft()[0], Tenant: uuid.NewString(), ClientID: uuid.NewString(), Organisation: "Northwold",
		Name: "Northwold County", Base: "https://id.example.org"}
}

// Section 4.5, step by step: what each script has to hold.
func TestTheScripts(t *testing.T) {
	s := script()
	for step, wants := range map[string][]string{
		// 1 and 2: one tenant, the reply URL, openid and profile and no scopes of our own, no secret, consent for everybody.
		"register": {"-TenantId '" + s.Tenant + "'", "-Environment 'Global'", "signInAudience         = 'AzureADMyOrg'",
			"redirectUris = @('https://id.example.org/microsoft/authorize')", "37f7f235-527c-4136-accd-4a02d197296e", "14dad69e-099b-42c9-810b-d002981feec1",
			"optionalClaims         = @{ idToken = @(@{ name = 'upn' }) }", "consentType = 'AllPrincipals'", "woggle external-mfa connect"},
		// 3: the method; and 4, the policy, in words.
		"add": {"externalAuthenticationMethodConfiguration", "displayName          = 'Northwold County'", "appId                = '" + s.ClientID + "'",
			"clientId = '" + s.ClientID + "'; discoveryUrl = 'https://id.example.org/microsoft/.well-known/openid-configuration'", "id = 'all_users'",
			"'Policy.ReadWrite.AuthenticationMethod'", "not an authentication strength"},
		// 5: people, all at once.
		"people": {"/authentication/externalAuthenticationMethods", "configurationId = $method.id", "UserAuthenticationMethod.ReadWrite.All", "-ne 'Guest'", "people.csv"},
		"remove": {"-Method DELETE", "woggle external-mfa remove ' + '" + s.ClientID},
	} {
		text, err := s.Write(step)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", step, want, text)
			}
		}
		if strings.Contains(text, "passwordCredentials") || strings.Contains(text, "{{") || strings.Contains(text, "<no value>") {
			t.Errorf("%s has what it should not:\n%s", step, text)
		}
	}
	s.Group = uuid.NewString()
	for _, step := range []string{"add", "people"} {
		if text, _ := s.Write(step); !strings.Contains(text, s.Group) || strings.Contains(text, "all_users") {
			t.Errorf("%s is not for the group", step)
		}
	}
}

// What an administrator types is text in a script, and nothing else.
func TestAScriptRunsNothingThatSomebodyTyped(t *testing.T) {
	for _, name := range []string{"'; Remove-Item / #", "$(calc)", "\u2019; calc; \u2018", "`n", `"$env:PATH"`, "it\u201bs"} {
		s := script()
		s.Name, s.Organisation = name, name
		for _, step := range externalmfa.Steps {
			text, err := s.Write(step)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(text, "\n") {
				if strings.HasPrefix(strings.TrimSpace(line), "#") {
					if strings.Contains(line, name) {
						t.Errorf("%s: a comment has %q in it", step, name)
					}
					continue
				}
				// All that PowerShell takes for a quote stands in pairs.
				if n := len(regexp.MustCompile(`['\x{2018}-\x{201b}]`).FindAllString(line, -1)); n%2 != 0 {
					t.Errorf("%s: %q makes %s", step, name, line)
				}
			}
		}
	}
	for name, wrong := range map[string]externalmfa.Script{
		"no tenant": {}, "a tenant that is none": {Tenant: "'; calc"}, "a group that is none": {Tenant: uuid.NewString(), Group: "all"},
		"a name of two lines": {Tenant: uuid.NewString(), Name: "a\nb"},
	} {
		if wrong.Check() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// Section 4.4: the issuer is compared character for character, and read over TLS.
func TestTheBaseAddress(t *testing.T) {
	for base, fine := range map[string]bool{"https://id.example.org": true, "https://id.example.org:8443": true, "https://id.example.org:443": false,
		"http://id.example.org": false} {
		parsed, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		if (externalmfa.CheckBase(parsed) == nil) != fine {
			t.Errorf("%s: %v", base, externalmfa.CheckBase(parsed))
		}
	}
}

func TestWhatCanBeCheckedFromHere(t *testing.T) {
	w := one(t)
	cloud := externalmfa.CloudAt(w.tenant.URL)
	if err := externalmfa.CheckTenant(t.Context(), http.DefaultClient, cloud, w.tenant.ID); err != nil {
		t.Error(err)
	}
	if err := externalmfa.CheckTenant(t.Context(), http.DefaultClient, cloud, uuid.NewString()); err == nil {
		t.Error("a tenant that there is not is fine")
	}
	if err := externalmfa.CheckPublic(t.Context(), http.DefaultClient, w.web.URL); err != nil {
		t.Error(err)
	}
	other := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, w.web.URL+r.URL.Path, http.StatusFound)
	}))
	defer other.Close()
	if err := externalmfa.CheckPublic(t.Context(), http.DefaultClient, other.URL); err == nil {
		t.Error("the document of another issuer is fine")
	}
}
