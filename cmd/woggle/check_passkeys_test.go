package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// The former host is asked as browsers ask it.
func TestWhetherTheFormerHostLetsTheAddressUseItsPasskeys(t *testing.T) {
	const kind, right = "application/json", `{"origins":["https://signin.new.example"]}`
	site := Site{Base: &url.URL{Scheme: "https", Host: "signin.new.example"}, Former: "old.example"}
	for name, c := range map[string]struct {
		status           int
		kind, body, says string
	}{
		"as it should be":   {200, kind, right, ""},
		"with more":         {200, kind + "; charset=utf-8", `{"origins":["https://a.example","https://signin.new.example"],"x":1}`, ""},
		"nothing there":     {404, kind, right, "answers 404"},
		"of another kind":   {200, "text/html", right, "answers no application/json"},
		"of no kind":        {200, "", right, "answers no application/json"},
		"no JSON":           {200, kind, "<html>", "answers no application/json"},
		"another site only": {200, kind, `{"origins":["https://signin.new.example:8443"]}`, "does not name it"},
		"no list":           {200, kind, `{}`, "does not name it"},
	} {
		var asked *http.Request
		web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r
			w.Header()["Content-Type"] = []string{c.kind}
			w.WriteHeader(c.status)
			w.Write([]byte(c.body))
		}))
		client := web.Client()
		transport := client.Transport.(*http.Transport)
		transport.TLSClientConfig.ServerName = "example.com" // of the test server's certificate
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, web.Listener.Addr().String())
		}
		found := probeRelated(t.Context(), client, site)
		web.Close()
		if asked == nil || asked.Host != "old.example" || asked.URL.Path != "/.well-known/webauthn" {
			t.Errorf("%s: asked %v", name, asked)
		}
		switch {
		case c.says == "" && len(found) == 0:
		case c.says != "" && len(found) == 1 && found[0].Warning && strings.Contains(found[0].Wrong, c.says):
		default:
			t.Errorf("%s: found %v", name, found)
		}
	}
	for _, former := range []string{"", "new.example"} { // browsers ask nobody
		if found := probeRelated(t.Context(), nil, Site{Base: site.Base, Former: former}); len(found) > 0 {
			t.Errorf("%q: found %v", former, found)
		}
	}
}

func TestNamesOfCertificates(t *testing.T) {
	const today = "signin.new.example"
	for former, names := range map[string]string{"": today, "new.example": today, "old.example": today + " old.example"} {
		site := Site{Base: &url.URL{Scheme: "https", Host: today}, Former: former}
		if got := strings.Join(site.names(), " "); got != names {
			t.Errorf("%q: %s", former, got)
		}
	}
}
