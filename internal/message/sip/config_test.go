package sip

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

func good() Config {
	return Config{Server: "sip.example.org", User: "woggle", Password: "secret", From: "+441632960000", Speech: recordings()}
}

func TestSettings(t *testing.T) {
	for name, test := range map[string]struct {
		change func(c *Config)
		fault  string // empty is none
	}{
		"as few as can be":          {func(c *Config) {}, ""},
		"all":                       {func(c *Config) { *c = all() }, ""},
		"no server":                 {func(c *Config) { c.Server = "" }, "server"},
		"an address for a server":   {func(c *Config) { c.Server = "sip:sip.example.org" }, "server"},
		"a port that is none":       {func(c *Config) { c.Server = "sip.example.org:sip" }, "port"},
		"a port beyond":             {func(c *Config) { c.Server = "sip.example.org:70000" }, "port"},
		"a transport that is none":  {func(c *Config) { c.Transport = "ws" }, "transport"},
		"an authority without tls":  {func(c *Config) { c.CA = "x" }, "tls"},
		"an authority that is none": {func(c *Config) { c.CA, c.Transport = "x", "tls" }, "PEM"},
		"a registration of nobody":  {func(c *Config) { c.Register, c.User = true, "" }, "user"},
		"calls from nobody":         {func(c *Config) { c.From, c.User = "", "" }, "nobody"},
		"a user with an end":        {func(c *Config) { c.User = "a@b" }, "user"},
		"a caller with an end":      {func(c *Config) { c.From = "<x>" }, "cannot come"},
		"a line break in a domain":  {func(c *Config) { c.Domain = "a\r\nX: y" }, "domain"},
		"an unknown format":         {func(c *Config) { c.NumberFormat = "e.164" }, "format"},
		"national of nowhere":       {func(c *Config) { c.NumberFormat = "national" }, "country"},
		"ports that are none":       {func(c *Config) { c.RTPPorts = "10000" }, "ports"},
		"too few ports":             {func(c *Config) { c.RTPPorts, c.AtOnce = "10000-10009", 6 }, "ports"},
		"as many calls as ports":    {func(c *Config) { c.RTPPorts = "10000-10003" }, ""},
		"too many calls":            {func(c *Config) { c.AtOnce = 5000 }, "at once"},
		"a name to listen on":       {func(c *Config) { c.Listen = "localhost" }, "local address"},
		"a name for an address":     {func(c *Config) { c.PublicAddress = "sip.example.org" }, "public address"},
		"it hardly rings":           {func(c *Config) { c.RingTime = time.Second }, "ring"},
		"it registers all the time": {func(c *Config) { c.Expires = time.Second }, "registration"},
		"no recordings":             {func(c *Config) { c.Speech = nil }, "recordings"},
	} {
		c := good()
		test.change(&c)
		_, err := New(c, newDesk())
		if (err == nil) != (test.fault == "") || err != nil && !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the password is told: %v", name, err)
		}
	}
}

func all() Config {
	return Config{Server: "192.0.2.1:5080", Transport: "TCP", Register: true, User: "woggle", Password: "secret", AuthUser: "w-1", Domain: "example.org",
		Expires: time.Hour, From: "+441632960000", NumberFormat: "national", Country: "gb", Listen: "192.0.2.9:5060", RTPPorts: "20000-20099",
		PublicAddress: "203.0.113.9", AtOnce: 50, RingTime: time.Minute, Organisation: "Northwold County Scouts", Speech: recordings()}
}

// In the country itself numbers are written as people there write them, which is not always with a 0 in front.
func TestNumbersAtHome(t *testing.T) {
	for _, test := range [][3]string{{"GB", "+447700900123", "07700900123"}, {"ES", "+34810123456", "810123456"}, {"IT", "+390612345678", "0612345678"},
		{"GB", "+34810123456", "0034810123456"}, {"HU", "+3612345678", "0612345678"}} {
		f, err := newNumberFormat("national", test[0])
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.dial(test[1]); err != nil || got != test[2] {
			t.Errorf("%s in %s is %s, not %s (%v)", test[1], test[0], got, test[2], err)
		}
	}
}

func TestServersByAddress(t *testing.T) {
	for server, want := range map[string]string{"192.0.2.1": "192.0.2.1:5060", "192.0.2.1:5080": "192.0.2.1:5080", "2001:db8::1": "[2001:db8::1]:5060", "[2001:db8::1]:5080": "[2001:db8::1]:5080"} {
		c := good()
		c.Server = server
		set, err := c.check()
		if err != nil {
			t.Fatal(err)
		}
		if servers, err := set.resolve(t.Context()); err != nil || len(servers) != 1 || servers[0] != netip.MustParseAddrPort(want) {
			t.Errorf("%s is %v, %v", server, servers, err)
		}
	}
}

// The example of RFC 7616 section 3.9.1, of which RFC 8760 says that SIP does it alike, and a server that asks twice.
func TestDigest(t *testing.T) {
	set, err := good().check()
	if err != nil {
		t.Fatal(err)
	}
	req := sip.NewRequest(sip.REGISTER, set.address(""))
	asks := func(status int, challenges ...string) *sip.Response {
		res := sip.NewResponse(status, "")
		for _, c := range challenges {
			res.AppendHeader(sip.NewHeader(map[int]string{401: "WWW-Authenticate", 407: "Proxy-Authenticate"}[status], c))
		}
		return res
	}
	who := set.credentials()
	first := asks(401, `Digest realm="x", nonce="1", algorithm=SHA-256, qop="auth, auth-int"`, `Digest realm="x", nonce="1", algorithm=MD5`)
	if err := who.answer(req, first); err != nil {
		t.Fatal(err)
	}
	given, err := digest.ParseCredentials(who.answers[0].value)
	if err != nil || given.Algorithm != "SHA-256" || given.QOP != "auth" || given.URI != "sip:sip.example.org" || given.Username != "woggle" {
		t.Errorf("%+v, %v", given, err)
	}
	if err := who.answer(req, asks(407, `Digest realm="x", nonce="1"`)); err != nil {
		t.Errorf("a proxy that asks too: %v", err)
	}
	who.put(req)
	if req.GetHeader("Authorization") == nil || req.GetHeader("Proxy-Authorization") == nil {
		t.Error("one of the answers is missing")
	}
	if err := who.answer(req, asks(401, `Digest realm="x", nonce="2", stale=true`)); err != nil {
		t.Errorf("a nonce that has grown stale: %v", err)
	}
	if err := who.answer(req, asks(401, `Digest realm="x", nonce="3"`)); err != errRefused {
		t.Errorf("asked again: %v", err)
	}
	for name, challenge := range map[string]string{"none": "", "basic": `Basic realm="x"`, "unknown": `Digest realm="x", nonce="1", algorithm=FOO`, "broken": `Digest realm="`} {
		if err := set.credentials().answer(req, asks(401, challenge)); err == nil {
			t.Errorf("%s: answered", name)
		}
	}
	for n := range 20 { // a server that is stale for ever
		if err = who.answer(req, asks(401, `Digest realm="x", nonce="2", stale=true`)); err != nil {
			break
		}
		if n > mostChallenges {
			t.Fatal("there is no end to it")
		}
	}
	set.Password = ""
	if err := set.credentials().answer(req, first); err != errRefused {
		t.Errorf("without a password: %v", err)
	}
}
