package forwardauth_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"woggle/internal/app/forwardauth"
	"woggle/internal/db/dbtest"
	"woggle/test/proxy"
)

// The assertion is judged by somebody else's library, which reads our key set over the network.
func TestTheAssertionIsWhatTheHeadersSay(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg := proxy.New(t, d, clock, 1, site(forwardauth.Path{Prefix: "/admin", Fresh: "1h"}), proxy.Site("photos", []string{"photos.example.net"}))
	b := wg.Browser(map[string]string{"wiki.example.org": wg.Stand("caddy", 0, proxy.Echo())})
	p := wg.Member("aisha", "Küche, Keller", "District North")
	b.Go(wiki + "/admin/x").SignIn(p).At(wiki + "/admin/x")
	signed := proxy.Heard(t, b.Page.Body, "Woggle-Assertion")[0]

	ctx := oidc.ClientContext(t.Context(), b.Client)
	keys := oidc.NewRemoteKeySet(ctx, "https://"+proxy.Home+"/forward/keys")
	judge := func(audience string) *oidc.IDTokenVerifier {
		return oidc.NewVerifier("https://"+proxy.Home, keys, &oidc.Config{ClientID: audience, SupportedSigningAlgs: []string{"ES256"}, Now: clock.Now})
	}
	assertion, err := judge(wiki).Verify(ctx, signed)
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Username string   `json:"preferred_username"`
		Name     string   `json:"name"`
		Email    string   `json:"email"`
		Groups   []string `json:"groups"`
		AMR      []string `json:"amr"`
		Path     string   `json:"path"`
		Visit    string   `json:"sid"`
	}
	if err := assertion.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if assertion.Subject != p.ID || claims.Username != "aisha" || claims.Name != "Siân aisha" || claims.Email != p.Email || claims.Path != "/admin" ||
		!slices.Equal(claims.Groups, []string{"District North", "Küche, Keller"}) || !slices.Contains(claims.AMR, "mfa") || claims.Visit == "" {
		t.Errorf("%s %+v", assertion.Subject, claims)
	}
	head, _, _ := strings.Cut(signed, ".")
	raw, _ := base64.RawURLEncoding.DecodeString(head)
	var header map[string]string
	if json.Unmarshal(raw, &header) != nil || header["typ"] != "woggle-assertion+jwt" {
		t.Errorf("the head is %s", raw)
	}
	if got := proxy.Heard(t, b.Go(wiki+"/").Page.Body, "Woggle-Assertion")[0]; strings.Contains(payload(t, got), `"/admin"`) {
		t.Errorf("an assertion for / says /admin: %s", payload(t, got))
	}

	// Another site's, an altered one, one of a minute ago.
	if _, err := judge(photos).Verify(ctx, signed); err == nil {
		t.Error("another site may use it")
	}
	if _, err := judge(wiki).Verify(ctx, signed[:len(signed)-4]+"AAAA"); err == nil {
		t.Error("an altered one is believed")
	}
	clock.Advance(time.Minute + time.Second)
	if _, err := judge(wiki).Verify(ctx, signed); err == nil {
		t.Error("it lives longer than a minute")
	}
}

func payload(t *testing.T, signed string) string {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(signed, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
