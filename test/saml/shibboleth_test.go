package saml

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newShibboleth is an app that Shibboleth's service provider keeps: its daemon, and its module in Apache.
func newShibboleth(t *testing.T, register map[string]any) (*Woggle, *Apache) {
	t.Helper()
	a := NewApache(t, "/usr/sbin/shibd", modules+"mod_shib.so")
	w := Start(t)
	keys := newPair(t)
	logs := func(name string) string {
		return a.Write(t, name+".logger", "log4j.rootCategory=WARN, file\nlog4j.appender.file=org.apache.log4j.FileAppender\nlog4j.appender.file.fileName="+
			filepath.Join(a.Folder, name+".log")+"\nlog4j.appender.file.layout=org.apache.log4j.BasicLayout\n")
	}
	a.Write(t, "attributes.xml", `<Attributes xmlns="urn:mace:shibboleth:2.0:attribute-map" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<Attribute name="urn:oid:0.9.2342.19200300.100.1.3" id="mail"/><Attribute name="urn:oid:2.5.4.4" id="sn"/>
<Attribute name="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" id="persistent-id"><AttributeDecoder xsi:type="NameIDAttributeDecoder" formatter="$Name" defaultQualifiers="true"/></Attribute>
</Attributes>`)
	settings := a.Write(t, "shibboleth2.xml", fmt.Sprintf(`<SPConfig xmlns="urn:mace:shibboleth:3.0:native:sp:config" clockSkew="180" logger="%[1]s/native.logger">
<OutOfProcess logger="%[5]s"/><InProcess logger="%[6]s"/>
<UnixListener address="%[1]s/shibd.sock"/>
<ApplicationDefaults entityID="%[2]s/shibboleth" REMOTE_USER="mail" signing="true" encryption="false">
<Sessions lifetime="28800" timeout="3600" relayState="ss:mem" checkAddress="false" handlerSSL="false" cookieProps="http" redirectLimit="exact">
<SSO entityID="%[3]s/saml/metadata">SAML2</SSO><Logout>SAML2 Local</Logout><Handler type="MetadataGenerator" Location="/Metadata" signing="false"/>
</Sessions>
<MetadataProvider type="XML" path="%[4]s"/><AttributeExtractor type="XML" path="%[1]s/attributes.xml"/>
<CredentialResolver type="File" key="%[7]s" certificate="%[8]s"/>
</ApplicationDefaults>
<SecurityPolicyProvider type="XML" path="/etc/shibboleth/security-policy.xml"/><ProtocolProvider type="XML" path="/etc/shibboleth/protocols.xml"/>
</SPConfig>`, a.Folder, a.Base, w.Base, a.Write(t, "idp.xml", w.Metadata()), logs("shibd"), logs("native"), a.Write(t, "sp.key", keys.key), a.Write(t, "sp.crt", keys.cert)))
	own(t, "www-data", a.Folder)
	socket := filepath.Join(a.Folder, "shibd.sock")
	daemonLog := func() string {
		log, _ := os.ReadFile(filepath.Join(a.Folder, "shibd.log"))
		return string(log)
	}
	run(t, socket, daemonLog, "/usr/sbin/shibd", "-F", "-c", settings, "-p", filepath.Join(a.Folder, "shibd.pid"))
	if err := os.Chmod(socket, 0o777); err != nil {
		t.Fatal(err)
	}
	a.Write(t, "www/index.html", "<p>The front page</p>")
	a.Write(t, "www/secret", "<p>The secret page</p>")
	a.Start(t, fmt.Sprintf(`
LoadModule mod_shib %smod_shib.so
ShibConfig %s
<Location />
  ForceType text/html
</Location>
<Location /secret>
  AuthType shibboleth
  ShibRequestSetting requireSession 1
  Require valid-user
  Header set X-Mail "%%{mail}e"
  Header set X-Surname "%%{sn}e"
  Header set X-Class "%%{Shib-AuthnContext-Class}e"
</Location>
`, modules, settings))
	// The daemon listens a moment before it can answer; one that has died never does, and Apache waits for it.
	page, err := answered(a.Base+"/Shibboleth.sso/Metadata", time.Minute)
	if err != nil {
		t.Fatalf("its metadata: %v; the daemon said:\n%s", err, daemonLog())
	}
	all := map[string]any{"metadata": page.Body}
	for name, value := range register {
		all[name] = value
	}
	w.Register("shibboleth", all)
	return w, a
}

// Shibboleth's service provider, the strictest reader of all, takes our answers, plain and encrypted, and signing out
// works both ways.
func TestShibboleth(t *testing.T) {
	for name, register := range map[string]map[string]any{"plain": nil, "encrypted and signed": {"encrypt": true, "sign_response": true}} {
		t.Run(name, func(t *testing.T) {
			w, a := newShibboleth(t, register)
			w.Member("aisha")
			b := w.Browser().Go(a.Base + "/secret?page=7").FirstSignIn("aisha").Sees("The secret page")
			if b.Page.URL.String() != a.Base+"/secret?page=7" || b.Page.Header.Get("X-Mail") != "aisha@northwold.example" || b.Page.Header.Get("X-Surname") != "Khân" ||
				!strings.Contains(b.Page.Header.Get("X-Class"), "refeds.org/profile/mfa") {
				t.Errorf("%s: %v", b.Page.URL, b.Page.Header)
			}
			b.Go(a.Base + "/Shibboleth.sso/Logout?return=" + a.Base + "/").Sees("The front page")
			if b.SignedIn() {
				t.Error("signed in to Woggle after signing out at the app")
			}
			b.Go(a.Base + "/secret").Again("aisha").Sees("The secret page")
			b.Go(w.Base+"/security").Press("Sign out").Sees("You are signed out", "The shibboleth: signed out")
			if b.Go(a.Base + "/secret"); strings.Contains(b.Page.Text, "The secret page") || b.SignedIn() {
				t.Error("signed in at the app after signing out at Woggle")
			}
		})
	}
}
