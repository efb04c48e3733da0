package forwardauth

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/app"
)

func TestSettings(t *testing.T) {
	for settings, want := range map[string]string{
		`{"hosts":["wiki.example.org"]}`:                                                                     "",
		`{"hosts":["Wiki.Example.org","wiki.example.org:8443"]}`:                                             "",
		`{"hosts":["localhost:3000","127.0.0.1:3000","[::1]:3000","xn--wgbl6a.example"]}`:                    "",
		`{"hosts":["a.example"],"paths":[{"prefix":"/x","fresh":"10m","groups":["G"],"methods":["phone"]}]}`: "",
		``:                                       "there are hosts and paths",
		`{}`:                                     "hosts is missing",
		`{"hosts":[]}`:                           "hosts is missing",
		`{"host":["a"]}`:                         "there are hosts and paths",
		`{"hosts":[""]}`:                         "write the name",
		`{"hosts":["https://wiki.example.org"]}`: "write the name",
		`{"hosts":["wiki.example.org/x"]}`:       "write the name",
		`{"hosts":["user@wiki.example.org"]}`:    "write the name",
		`{"hosts":["wiki.example.org:"]}`:        "write the name",
		`{"hosts":["*.example.org"]}`:            "letters, digits",
		`{"hosts":["wiki example.org"]}`:         "write the name",
		`{"hosts":["wîki.example.org"]}`:         "ASCII form",
		`{"hosts":["wiki.example.org:443"]}`:     "leave out",
		`{"hosts":["wiki.example.org:70000"]}`:   "leave out",
		`{"hosts":["a.example"],"paths":[{"prefix":"/x"}]}`:                                           "says nothing",
		`{"hosts":["a.example"],"paths":[{"prefix":"/x","open":true,"groups":["G"]}]}`:                "takes nothing else",
		`{"hosts":["a.example"],"paths":[{"prefix":"/x","methods":["password"]}]}`:                    "no method that proves possession",
		`{"hosts":["a.example"],"paths":[{"prefix":"/x","fresh":"soon"}]}`:                            "from 1m to 24h",
		`{"hosts":["a.example"],"paths":[{"prefix":"/x","fresh":"10s"}]}`:                             "from 1m to 24h",
		`{"hosts":["a.example"],"paths":[{"prefix":"x","open":true}]}`:                                "begins with a slash",
		`{"hosts":["a.example"],"paths":[{"prefix":"/../x","open":true}]}`:                            "begins with a slash",
		`{"hosts":["a.example"],"paths":[{"prefix":"/x//y","open":true}]}`:                            "begins with a slash",
		`{"hosts":["a.example"],"paths":[{"prefix":"/x%2fy","open":true}]}`:                           "begins with a slash",
		`{"hosts":["a.example"],"paths":[{"prefix":"/x;y","open":true}]}`:                             "begins with a slash",
		`{"hosts":["a.example"],"paths":[{"prefix":"/x?y","open":true}]}`:                             "begins with a slash",
		`{"hosts":["a.example"],"paths":[{"prefix":"/x","open":true},{"prefix":"/X/","fresh":"5m"}]}`: "twice",
		`{"hosts":["a.example"],"paths":[{"prefix":"/x","open":true,"exact":true}]}`:                  "there are hosts and paths",
	} {
		a := &app.App{ID: "x", Settings: json.RawMessage(settings)}
		err := (&Forward{}).Read(a)
		switch {
		case want == "" && (err != nil || a.Audience == "" || a.Audience != strings.ToLower(a.Audience)):
			t.Errorf("%s: %v", settings, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
}

func TestTheLongestRuleThatIsAboutAPathDecides(t *testing.T) {
	a := &app.App{ID: "x", Settings: json.RawMessage(`{"hosts":["a.example"],"paths":[{"prefix":"/open","open":true},
		{"prefix":"/open/not","fresh":"5m"},{"prefix":"/open/not/this/","open":true},{"prefix":"/a","groups":["G"]},{"prefix":"/files/","open":true}]}`)}
	if err := (&Forward{}).Read(a); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/": "/", "/open": "/open", "/open/": "/open", "/open/x": "/open", "/opener": "/", "/OPEN": "/",
		"/open/not": "/open/not", "/open/NOT/x": "/open/not", "/open/nothing": "/open/not", "/open//not": "/open/not", "/open/not/this/x": "/open/not/this/",
		"/open/not/this": "/open/not", "/open/not/THIS/x": "/open/not", "/a": "/a", "/A/b": "/a", "/ab": "/a", "//a": "/a", "/;x/a;y/b": "/a",
		"/files": "/", "/files/": "/files/", "/files/x": "/files/", "/files//x": "/", "/files/x;y": "/"} {
		if got := a.Parsed.(*site).ruleOf(path).prefix; got != want {
			t.Errorf("%s: the rule of %s, want %s", path, got, want)
		}
	}
}

func TestValuesStandInHeadersAsASCII(t *testing.T) {
	for value, want := range map[string]string{"aisha": "aisha", "Siân Owen": "Si%C3%A2n Owen", "100%": "100%25", "a\r\nSet-Cookie: b=c": "",
		"a\x00": "", "a\tb": "", "a\x7fb": "", "": "", " a ": "a", "\xff": "%FF", "a,b": "a,b", "\u2028": "%E2%80%A8", "=?utf-8?q?x?=": "=?utf-8?q?x?="} {
		if got := inHeader(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func FuzzAHeaderValueIsOneLineOfASCII(f *testing.F) {
	f.Add("Siân\r\n")
	f.Fuzz(func(t *testing.T, value string) {
		for _, c := range []byte(inHeader(value)) {
			if c < ' ' || c > '~' {
				t.Errorf("%q has %q in it", value, c)
			}
		}
	})
}

func FuzzAPathIsReadInOneWay(f *testing.F) {
	for _, target := range []string{"/", "/a/../b", "/%2e%2e", "/a%2fb", "/a;b/..", "/%25%32%65", "/é", "/%ef%bc%8e%ef%bc%8e/"} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		path, ok := readPath(target)
		if !ok {
			return
		}
		for segment := range strings.SplitSeq(path, "/") {
			if segment == "." || segment == ".." || strings.Contains(segment, `\`) {
				t.Errorf("%q is read as %q", target, path)
			}
		}
		if again := broad(broad(path)); again != broad(path) {
			t.Errorf("%q is read broadly as %q, and that as %q", path, broad(path), again)
		}
	})
}

func TestTheCacheIsBoundedAndForgetsWhatItIsTold(t *testing.T) {
	var c cache
	now := time.Date(2027, time.February, 1, 9, 30, 0, 0, time.UTC)
	d := decision{from: now, until: now.Add(keptFor), told: http.Header{}}
	r := &rule{}
	at := func(n int) key { return key{token: [32]byte{byte(n), byte(n >> 8), byte(n >> 16)}, rule: r} }
	for n := range 3 * keptMost {
		c.keep(c.begin(), at(n), d)
		if len(c.kept) > keptMost {
			t.Fatalf("%d are kept", len(c.kept))
		}
	}
	if _, found := c.find(at(3*keptMost-1), now); !found {
		t.Error("the last one is not kept")
	}
	round := c.begin()
	c.forget()
	if _, found := c.find(at(3*keptMost-1), now); found {
		t.Error("it was not forgotten")
	}
	c.keep(round, at(1), d)
	if _, found := c.find(at(1), now); found {
		t.Error("what was read before the sign-out is kept after it")
	}
	var race sync.WaitGroup
	for n := range 8 {
		race.Go(func() {
			for i := range 1000 {
				c.keep(c.begin(), at(i), d)
				c.find(at(i), now)
				if n == 0 && i%100 == 0 {
					c.forget()
				}
			}
		})
	}
	race.Wait()
}
