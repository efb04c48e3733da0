package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"woggle/internal/db/dbtest"
)

const apacheModules = "/usr/lib/apache2/modules"

// apache starts Debian's Apache with mod_auth_openidc in front of a site that shows who comes, as docs/operator/openid-connect.md
// sets it up.
func (s *site) apache(address string, c *relying) {
	s.t.Helper()
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "<title>minutes</title>Hello %s, %s, %s", r.Header.Get("X-Remote-User"), r.Header.Get("OIDC_CLAIM_name"), r.Header.Get("OIDC_CLAIM_acr"))
	}))
	s.t.Cleanup(behind.Close)
	folder := s.t.TempDir()
	var config strings.Builder
	for _, module := range []string{"mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "headers", "auth_openidc"} {
		fmt.Fprintf(&config, "LoadModule %s_module %s/mod_%s.so\n", module, apacheModules, module)
	}
	fmt.Fprintf(&config, `ServerRoot %q
ServerName 127.0.0.1
Listen %s
PidFile %q
ErrorLog %q
User www-data
Group www-data
OIDCProviderMetadataURL %s/.well-known/openid-configuration
OIDCClientID %s
OIDCClientSecret %q
OIDCRedirectURI http://%s/signed-in
OIDCCryptoPassphrase "only for this test"
OIDCScope "openid profile email"
OIDCPKCEMethod S256
OIDCRemoteUserClaim preferred_username
<Location "/">
  AuthType openid-connect
  Require valid-user
  RequestHeader set X-Remote-User "expr=%%{REMOTE_USER}"
  ProxyPass %s/
</Location>
`, folder, address, filepath.Join(folder, "pid"), filepath.Join(folder, "log"), s.nodes[0].web.URL, c.id, c.secret, address, behind.URL)
	file := filepath.Join(folder, "apache.conf")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		s.t.Fatal(err)
	}
	var said bytes.Buffer
	command := exec.Command("/usr/sbin/apache2", "-f", file, "-D", "FOREGROUND")
	command.Stderr = &said
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		command.Process.Signal(syscall.SIGTERM)
		command.Wait()
		if s.t.Failed() {
			log, _ := os.ReadFile(filepath.Join(folder, "log"))
			s.t.Logf("%s\n%s", said.String(), log)
		}
	})
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	for range 500 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
		<-every.C
	}
	s.t.Fatal("Apache does not listen: ", said.String())
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// mod_auth_openidc under Debian's Apache: in, out by the app, and out over the back channel.
func TestOIDCWithApache(t *testing.T) {
	if _, err := os.Stat(apacheModules + "/mod_auth_openidc.so"); err != nil {
		dbtest.Need(t, errors.New("Apache's mod_auth_openidc is not installed"))
	}
	if os.Geteuid() != 0 {
		dbtest.Need(t, errors.New("Apache as another user needs root"))
	}
	onSQLite(t, func(s *site) {
		s.clock.Set(time.Now()) // which Apache's is
		address := freeAddress(t)
		there := "http://" + address
		c := s.relying("minutes", map[string]any{"redirect_uris": []string{there + "/signed-in"}, "post_logout_redirect_uris": []string{there + "/bye"},
			"grants": []string{"authorization_code"}, "backchannel_logout_uri": there + "/signed-in?logout=backchannel"})
		s.apache(address, c)
		user := s.member("aisha")
		enters := func() *browser {
			b := s.enters(user)
			b.Header.Set("Accept", "text/html") // only a browser is sent to sign in
			return b
		}
		b := enters()
		b.open(there + "/page").sees("Hello aisha, Aisha Khan, https://refeds.org/profile/mfa")
		if b.page.URL.String() != there+"/page" {
			t.Errorf("arrived at %s", b.page.URL)
		}
		other := s.browser()
		other.Header.Set("Accept", "text/html")
		other.open(there + "/page").sees("Sign in")

		if b.open(there + "/signed-in?logout=" + strings.ReplaceAll(there, "/", "%2F") + "%2Fbye"); b.signedIn() {
			t.Error("the app signed out, and the person is still signed in")
		}
		b = enters()
		b.open(there + "/page").sees("Hello aisha")
		b.open("/").press("Sign out")
		s.tellApps()
		b.open(there + "/page").sees("Sign in")
	})
}
