package outgoing

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// T63: however an address of this computer, of a cloud's metadata or of nothing is written, nobody is connected to.
func TestWhereNobodyIsCalled(t *testing.T) {
	called := func(address string, local bool) error {
		return judge(address, func(ip netip.Addr) bool { return allowed(ip, local) })
	}
	visitors := func(address string) error {
		return judge(address, func(ip netip.Addr) bool { return public(ip, false) })
	}
	for _, address := range []string{"127.0.0.1:443", "127.1.2.3:443", "[::1]:443", "[::ffff:127.0.0.1]:443", "0.0.0.0:443", "[::]:443",
		"169.254.169.254:80", "[fe80::1]:443", "[fd00:ec2::254]:80", "[64:ff9b::7f00:1]:443", "[2002:7f00:1::]:443", "224.0.0.1:443",
		"[ff02::1]:443", "255.255.255.255:443", "100.100.100.200:80", "0.1.2.3:1", "nonsense"} {
		if err := called(address, false); !errors.Is(err, ErrRefused) {
			t.Errorf("%s is called: %v", address, err)
		}
		if err := visitors(address); !errors.Is(err, ErrRefused) {
			t.Errorf("%s is called for a visitor: %v", address, err)
		}
	}
	for _, address := range []string{"192.0.2.1:443", "10.1.2.3:443", "192.168.1.10:8443", "[2001:db8::1]:443", "[fd12:3456::1]:443"} {
		if err := called(address, false); err != nil {
			t.Errorf("%s is not called: %v", address, err)
		}
	}
	for address, open := range map[string]bool{"192.0.2.1:443": true, "[2001:db8::1]:443": true, "10.1.2.3:443": false, "192.168.1.10:8443": false,
		"172.16.0.1:443": false, "[fd12:3456::1]:443": false, "[::ffff:10.0.0.1]:443": false} {
		if err := visitors(address); (err == nil) != open {
			t.Errorf("%s for a visitor: %v", address, err)
		}
	}
	if called("127.0.0.1:80", true) != nil || called("169.254.169.254:80", true) == nil {
		t.Error("a local Woggle calls this computer, and nothing more than others do")
	}
}

func TestAnAnswerIsTakenAsItIs(t *testing.T) {
	calls := 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "/canary", http.StatusTemporaryRedirect)
		case "/long":
			io.Copy(w, io.LimitReader(endless{}, mostAnswer+1))
		case "/canary":
			t.Error("a redirect was followed")
		}
	}))
	defer web.Close()
	client := New(true)
	answer, err := client.Get(web.URL + "/away")
	if err != nil || answer.StatusCode != http.StatusTemporaryRedirect {
		t.Errorf("a redirect gives %v, %v", answer, err)
	}
	answer.Body.Close()
	answer, err = client.Get(web.URL + "/long")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Read(answer); !errors.Is(err, ErrTooLarge) {
		t.Errorf("an answer without end gives %v", err)
	}
	before := calls
	for _, refused := range []string{web.URL, strings.Replace(web.URL, "http://127.0.0.1", "http://2130706433", 1),
		strings.Replace(web.URL, "http://", "http://user@", 1), strings.Replace(web.URL, "http", "gopher", 1)} {
		if _, err := New(false).Get(refused); err == nil {
			t.Errorf("%s was called", refused)
		}
	}
	if calls != before {
		t.Error("the canary sang")
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
