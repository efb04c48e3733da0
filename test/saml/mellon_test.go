package saml

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"woggle/test/visitor"
)

// mellon is an app that mod_auth_mellon keeps. It reads our metadata, and we read its own.
func newMellon(t *testing.T, settings string, register map[string]any, edit ...string) (*Woggle, *Apache) {
	t.Helper()
	a := NewApache(t, modules+"mod_auth_mellon.so")
	w := Start(t)
	keys := newPair(t)
	location := fmt.Sprintf(`
MellonLockFile %[1]s/mellon.lock
<Location />
  ForceType text/html
  MellonEndpointPath /mellon
  MellonSPentityId %[2]s/mellon/metadata
  MellonSPPrivateKeyFile %[3]s
  MellonSPCertFile %[4]s
  MellonIdPMetadataFile %[5]s
  MellonSignatureMethod rsa-sha256
  MellonSecureCookie Off
  MellonUser NAME_ID
  MellonSetEnvNoPrefix MAIL urn:oid:0.9.2342.19200300.100.1.3
  MellonSetEnvNoPrefix SURNAME urn:oid:2.5.4.4
  %[6]s
</Location>
<Location /secret>
  AuthType Mellon
  MellonEnable auth
  Require valid-user
  Header set X-Mail "%%{MAIL}e"
  Header set X-Surname "%%{SURNAME}e"
  Header set X-Name "expr=%%{REMOTE_USER}"
</Location>
`, a.Folder, a.Base, a.Write(t, "sp.key", keys.key), a.Write(t, "sp.crt", keys.cert), a.Write(t, "idp.xml", strings.NewReplacer(edit...).Replace(w.Metadata())), settings)
	a.Write(t, "www/index.html", "<p>The front page</p>")
	a.Write(t, "www/secret", "<p>The secret page</p>")
	a.Start(t, location, "auth_mellon")
	own(t, "www-data", a.Folder)
	page, err := visitor.New(a.Base).Open("/mellon/metadata")
	if err != nil || page.Status != 200 {
		t.Fatalf("its metadata: %v, %v", page, err)
	}
	all := map[string]any{"metadata": page.Body}
	for name, value := range register {
		all[name] = value
	}
	w.Register("mellon", all)
	return w, a
}

// mod_auth_mellon signs its requests, takes our answers, and knows the person; the first sign-in of a life ends in its page.
func TestMellon(t *testing.T) {
	for name, c := range map[string]struct {
		settings string
		register map[string]any
	}{
		"as it is":    {"", nil},
		"both signed": {"", map[string]any{"sign_response": true}},
		"encrypted":   {"", map[string]any{"encrypt": true}},
		"two factors": {"MellonAuthnContextClassRef https://refeds.org/profile/mfa", nil},
		"by email":    {"MellonUser urn:oid:0.9.2342.19200300.100.1.3", nil},
	} {
		t.Run(name, func(t *testing.T) {
			w, a := newMellon(t, c.settings, c.register)
			w.Member("aisha")
			b := w.Browser().Go(a.Base + "/secret?page=7").FirstSignIn("aisha").Sees("The secret page")
			if b.Page.URL.String() != a.Base+"/secret?page=7" || b.Page.Header.Get("X-Mail") != "aisha@northwold.example" || b.Page.Header.Get("X-Surname") != "Khân" || len(b.Page.Header.Get("X-Name")) < 20 {
				t.Errorf("%s: %v", b.Page.URL, b.Page.Header)
			}
			if name == "by email" && b.Page.Header.Get("X-Name") != "aisha@northwold.example" {
				t.Errorf("the name is %s", b.Page.Header.Get("X-Name"))
			}
		})
	}
}

// Where the metadata has no address for a redirect, it posts: the request comes without the browser's cookies, and goes on
// with them.
func TestMellonByPost(t *testing.T) {
	w, a := newMellon(t, "", nil, `SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"`, `SingleSignOnService Binding="urn:none"`)
	w.Member("aisha")
	b := w.Browser().Go(a.Base + "/secret").FirstSignIn("aisha").Sees("The secret page")
	b.Client.Jar.SetCookies(b.Page.URL, []*http.Cookie{{Name: "mellon-cookie", Path: "/", MaxAge: -1}})
	b.Go(a.Base + "/secret").Sees("The secret page") // at once, by the session at Woggle
}

// Both ways of signing out, each side's messages signed and judged by the other.
func TestMellonSignsOut(t *testing.T) {
	w, a := newMellon(t, "", nil)
	w.Member("aisha")
	b := w.Browser().Go(a.Base + "/secret").FirstSignIn("aisha").Sees("The secret page")
	b.Go(a.Base + "/mellon/logout?ReturnTo=" + a.Base + "/").Sees("The front page")
	if b.SignedIn() {
		t.Error("signed in to Woggle after signing out at the app")
	}
	b.Go(a.Base + "/secret").Again("aisha").Sees("The secret page")
	b.Go(w.Base + "/security")
	b.Press("Sign out").Sees("You are signed out", "The mellon: signed out")
	if b.Go(a.Base + "/secret"); strings.Contains(b.Page.Text, "The secret page") || b.SignedIn() {
		t.Error("signed in at the app after signing out at Woggle")
	}
}

// mod_auth_mellon asks passively when nobody is there, and takes our refusal as such.
func TestMellonPassive(t *testing.T) {
	w, a := newMellon(t, "MellonNoSuccessErrorPage /", nil)
	w.Browser().Go(a.Base + "/mellon/login?IsPassive=true&ReturnTo=" + a.Base + "/secret").Sees("The front page")
}
