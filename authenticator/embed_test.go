// What is served: that it is whole, that browsers will install it, and that nothing in it needs a laxer policy.
package authenticator

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// scriptLimit is for all scripts of the app together, as they are sent.
const scriptLimit = 150_000

func ask(t *testing.T, address string, header ...string) *http.Response {
	t.Helper()
	app, err := New()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	app.Mount(func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, h) })
	r := httptest.NewRequest("GET", address, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, address string) string {
	t.Helper()
	r := ask(t, address)
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", address, r.StatusCode, err)
	}
	return string(body)
}

func TestFilesAreServedAsWhatTheyAre(t *testing.T) {
	asset := regexp.MustCompile(Base + `assets/[\w.-]+\.js`).FindString(text(t, Base))
	for address, want := range map[string][2]string{
		Base:                          {"text/html; charset=utf-8", "no-cache"},
		Base + "worker.js":            {"text/javascript; charset=utf-8", "no-cache"},
		Base + "version.json":         {"application/json", "no-cache"},
		Base + "manifest.webmanifest": {"application/manifest+json", "no-cache"},
		Base + "icon-192.png":         {"image/png", "no-cache"},
		asset:                         {"text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
	} {
		r := ask(t, address)
		if kind, cache := r.Header.Get("Content-Type"), r.Header.Get("Cache-Control"); r.StatusCode != 200 || kind != want[0] || cache != want[1] {
			t.Errorf("%s: %d, %s, %s", address, r.StatusCode, kind, cache)
		}
		if again := ask(t, address, "If-None-Match", r.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s is sent again to whoever has it: %d", address, again.StatusCode)
		}
		if len(r.Cookies()) > 0 {
			t.Errorf("%s sets a cookie", address)
		}
	}
	for _, address := range []string{Base + "index.html", Base + "assets/", Base + "nothing", Base + "assets/app-0.js"} {
		if r := ask(t, address); r.StatusCode != http.StatusNotFound || r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Content-Security-Policy") != policy {
			t.Errorf("%s: %d, %v", address, r.StatusCode, r.Header)
		}
	}
}

func TestFilesArePackedForWhoeverUnpacksThem(t *testing.T) {
	plain := text(t, Base)
	r := ask(t, Base, "Accept-Encoding", "br;q=1.0, gzip;q=0.8")
	unpacked, err := gzip.NewReader(r.Body)
	if err != nil || r.Header.Get("Content-Encoding") != "gzip" || r.Header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("%v, %v", err, r.Header)
	}
	if body, err := io.ReadAll(unpacked); err != nil || string(body) != plain {
		t.Errorf("unpacked it is another page: %v", err)
	}
	for _, accept := range []string{"", "br", "gzip;q=0", "gzip; q=0.0", "gzipped"} {
		if r := ask(t, Base, "Accept-Encoding", accept); r.Header.Get("Content-Encoding") != "" {
			t.Errorf("%q gets gzip", accept)
		}
	}
	if r := ask(t, Base+"icon-192.png", "Accept-Encoding", "gzip"); r.Header.Get("Content-Encoding") != "" {
		t.Error("a picture is packed twice")
	}
}

// A page that needs an inline script, another site or a data: address would not work under the policy.
func TestThePageLivesUnderItsPolicy(t *testing.T) {
	page := text(t, Base)
	for _, bad := range []string{`<script>`, "<style", " style=", "javascript:", "data:", "http:", "https:", " onload="} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(links) < 5 {
		t.Fatalf("only %d links: the page is not seen", len(links))
	}
	for _, link := range links {
		text(t, link[1])
	}
}

func TestTheScriptsAreSmall(t *testing.T) {
	app, err := New()
	if err != nil {
		t.Fatal(err)
	}
	sent, all := 0, 0
	for address, f := range app.files {
		if strings.HasSuffix(address, ".js") {
			sent, all = sent+len(f.packed()), all+len(f.body)
		}
	}
	t.Logf("scripts: %d bytes as sent, %d unpacked", sent, all)
	if sent > scriptLimit || sent == 0 {
		t.Errorf("scripts: %d bytes as sent, and the limit is %d", sent, scriptLimit)
	}
}

// What Lighthouse and the browsers ask of an app before they offer to install it.
func TestTheAppCanBeInstalled(t *testing.T) {
	var manifest struct {
		ID, Name, Scope, Display string
		ShortName                string `json:"short_name"`
		Start                    string `json:"start_url"`
		Theme                    string `json:"theme_color"`
		Background               string `json:"background_color"`
		Icons                    []struct{ Src, Sizes, Type, Purpose string }
		Shortcuts                []struct{ Name, URL string }
	}
	if err := json.Unmarshal([]byte(text(t, Base+"manifest.webmanifest")), &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.Name != "Woggle Authenticator" || len(manifest.ShortName) == 0 || len(manifest.ShortName) > 13 || manifest.Display != "standalone" ||
		manifest.ID != Base || manifest.Scope != Base || manifest.Start != Base || manifest.Theme == "" || manifest.Background == "" {
		t.Errorf("%+v", manifest)
	}
	if len(manifest.Shortcuts) == 0 || !strings.HasPrefix(manifest.Shortcuts[0].URL, Base) {
		t.Errorf("shortcuts: %+v", manifest.Shortcuts)
	}
	found := map[string]bool{}
	for _, icon := range manifest.Icons {
		body := text(t, icon.Src)
		if icon.Type == "image/png" {
			config, err := png.DecodeConfig(strings.NewReader(body))
			if side, _, _ := strings.Cut(icon.Sizes, "x"); err != nil || config.Width != config.Height || side != strconv.Itoa(config.Width) {
				t.Errorf("%s is not %s: %v", icon.Src, icon.Sizes, err)
			}
		}
		found[icon.Sizes+" "+icon.Purpose] = true
	}
	for _, want := range []string{"192x192 any", "512x512 any", "512x512 maskable", "96x96 monochrome"} {
		if !found[want] {
			t.Errorf("no icon is %s", want)
		}
	}
	page := text(t, Base)
	for _, want := range []string{`rel="manifest"`, `name="viewport"`, `rel="apple-touch-icon"`, `name="theme-color"`, "<title>", "<noscript>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
}

// The worker keeps every file that there is, each with its hash, so that a phone never has half of a version.
func TestTheWorkerKeepsWhatIsServed(t *testing.T) {
	worker := text(t, Base+"worker.js")
	kept := map[string]string{}
	for _, entry := range regexp.MustCompile("\\[[`\"']([^`\"']*)[`\"'],[`\"'](sha256-[^`\"']+)[`\"']\\]").FindAllStringSubmatch(worker, -1) {
		kept[entry[1]] = entry[2]
	}
	app, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for address, f := range app.files {
		name := strings.TrimPrefix(address, Base)
		if name == "worker.js" || name == "version.json" {
			continue
		}
		hash := sha256.Sum256(f.body)
		if want := "sha256-" + base64.StdEncoding.EncodeToString(hash[:]); kept[name] != want {
			t.Errorf("%q is kept as %q, and is %s", name, kept[name], want)
		}
		delete(kept, name)
	}
	for name := range kept {
		t.Errorf("%q is kept, and is not there", name)
	}
	var newest struct{ Version string }
	if err := json.Unmarshal([]byte(text(t, Base+"version.json")), &newest); err != nil || newest.Version == "" || !strings.Contains(worker, newest.Version) {
		t.Errorf("the worker is not of version %q: %v", newest.Version, err)
	}
	if strings.Contains(worker, "__VERSION__") {
		t.Error("the worker does not know its version")
	}
}
