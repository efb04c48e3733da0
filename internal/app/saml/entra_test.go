package saml_test

import (
	"strings"
	"testing"

	"woggle/internal/db"
	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
)

// Microsoft 365 over SAML: the connected tenant says who somebody is and who speaks for their domain, and the class is the one that
// Microsoft reads; with any other it would send people back to us, round and round.
func TestTheTenantSaysWhoSomebodyIsAtMicrosoft(t *testing.T) {
	p := newSP(newSite(t), "microsoft365")
	p.entity, p.acs = "urn:federation:MicrosoftOnline", "https://login.microsoftonline.com/login.srf"
	p.registered(nil)
	minimal := p.asks("", `<samlp:NameIDPolicy Format="`+samltoken.Persistent+`"/>`)
	if page := p.byPost(p.signedIn(p.user), "/saml/sso", signedxml.Request, minimal, ""); page.Status != 403 {
		t.Errorf("somebody whom the tenant does not know gets %d: %.300s", page.Status, page.Text)
	}
	p.tx(func(tx *db.Tx) error {
		for _, row := range []string{
			"INSERT INTO microsoft365_tenants (id, cloud, app_id, initial, created_at) VALUES ('t1', 'global', '', '', 1)",
			"INSERT INTO microsoft365_domains (name, tenant_id, issuer, protocol, configuration, current_cert, next_cert, read_at, created_at) VALUES ('northwold.example', 't1', 'https://signin.northwold.example/microsoft365/northwold.example', 'saml', '', '', '', 0, 1)",
			"INSERT INTO microsoft365_accounts (tenant_id, user_id, object_id, upn, immutable_id, matched_by, matched_at, disabled_at) VALUES ('t1', '" + p.user.ID + "', 'o1', 'Aisha@northwold.example', 'abcdefghijklmnopqrstuvwxy2', 'name', 1, 0)",
		} {
			if _, err := tx.Exec(row); err != nil {
				return err
			}
		}
		return nil
	})
	a := p.answered(p.byPost(p.signedIn(p.user), "/saml/sso", signedxml.Request, p.asks("", `<samlp:NameIDPolicy Format="`+samltoken.Persistent+`"/>`), "estsredirect=2"))
	if a.at("./Assertion/Issuer") != "https://signin.northwold.example/microsoft365/northwold.example" || a.at("./Assertion/Subject/NameID") != "abcdefghijklmnopqrstuvwxy2" ||
		a.attr("//NameID", "Format") != samltoken.Persistent || a.at("//AuthnContextClassRef") != samltoken.MultipleAuthn {
		t.Errorf("%s", a.text)
	}
	for name, want := range map[string]string{"IDPEmail": "Aisha@northwold.example", samltoken.UPNClaim: "Aisha@northwold.example", samltoken.ImmutableIDClaim: "abcdefghijklmnopqrstuvwxy2"} {
		if got := a.attribute(name); len(got) != 1 || got[0] != want {
			t.Errorf("%s is %v", name, got)
		}
	}

	// It signs out without a signature, and the person is not asked, because it names them as nobody else could.
	p.registered(map[string]any{"slo": map[string]any{"url": "https://login.microsoftonline.com/login.srf", "binding": "post"}})
	v := p.signedIn(p.user)
	me := p.arrives(v)
	stranger := me
	stranger.name = "zzzzzzzzzzzzzzzzzzzzzzzzzz"
	told := p.brings(open(t, v, p.redirected("/saml/slo", signedxml.Request, p.logout(stranger), "", false)))
	if !strings.Contains(told.text, "UnknownPrincipal") || !p.isSignedIn(v) {
		t.Errorf("another name: %+v", told)
	}
	told = p.brings(open(t, v, p.redirected("/saml/slo", signedxml.Request, p.logout(me), "", false)))
	if !strings.Contains(told.text, "status:Success") || !strings.Contains(told.text, "<saml:Issuer>https://signin.northwold.example/microsoft365/northwold.example<") ||
		told.to != "https://login.microsoftonline.com/login.srf" || p.isSignedIn(v) {
		t.Errorf("%+v", told)
	}
}
