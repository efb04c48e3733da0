// The app's files on a server of their own, which can be taken away, and which can have a newer version.
package browser

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"woggle/authenticator"
)

// Site serves the app alone, as the program does.
type Site struct {
	Base   string // address, without a slash at the end
	t      testing.TB
	app    http.Handler
	listen string
	server *http.Server

	mu    sync.Mutex
	newer map[string][]byte // by address: files of the newer version, if there is one
	older map[string]string // by address of a newer file: that of the one it came of
}

// Site starts a server, which ends with the story.
func (s *Suite) Site(t testing.TB) *Site {
	t.Helper()
	s.need(t)
	app, err := authenticator.New()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	app.Mount(func(pattern string, h http.HandlerFunc) { mux.HandleFunc(pattern, h) })
	site := &Site{t: t, app: mux, listen: "127.0.0.1:0"}
	site.Start()
	_, port, err := net.SplitHostPort(site.listen)
	if err != nil {
		t.Fatal(err)
	}
	site.Base = "http://localhost:" + port // a name, because passkeys are kept for names
	t.Cleanup(site.Stop)
	return site
}

// Start brings the server back at the address where it was.
func (s *Site) Start() {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.listen)
	if err != nil {
		s.t.Fatal(err)
	}
	s.listen = listener.Addr().String()
	s.server = &http.Server{Handler: s}
	go s.server.Serve(listener)
}

// Stop takes the server away: connections are closed, and new ones refused.
func (s *Site) Stop() {
	if err := s.server.Close(); err != nil {
		s.t.Error(err)
	}
}

func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	body, isNewer := s.newer[r.URL.Path]
	came := s.older[r.URL.Path]
	s.mu.Unlock()
	if !isNewer {
		s.app.ServeHTTP(w, r)
		return
	}
	for name, values := range s.get(came).Header() {
		if name != "Content-Length" && name != "Etag" {
			w.Header()[name] = values
		}
	}
	w.Write(body)
}

// get is what the program serves at the address.
func (s *Site) get(path string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	s.app.ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
	return answer
}

var (
	entryScript = regexp.MustCompile(`assets/(index-[\w-]+)\.js`)
	keptFile    = regexp.MustCompile("\\[[\"'`]([^\"'`]*)[\"'`],\\s*[\"'`](sha256-[^\"'`]+)[\"'`]\\]") // a file in the worker's list
)

// Publish serves a newer version from now on, in which one word is another: with other names for its changed files, and another
// list in the worker, as the build makes it.
func (s *Site) Publish(word, other string) {
	s.t.Helper()
	const base = "/authenticator/"
	worker := s.get(base + "worker.js").Body.String()
	main := entryScript.FindStringSubmatch(s.get(base).Body.String())
	files := keptFile.FindAllStringSubmatch(worker, -1)
	if main == nil || len(files) < 10 {
		s.t.Fatalf("the worker keeps %d files, the app begins with %v", len(files), main)
	}
	renamed := strings.NewReplacer(main[1]+".js", "index-newer.js", word, other)
	newer, older := map[string][]byte{}, map[string]string{}
	changed := 0
	for _, file := range files {
		name, hash := file[1], file[2]
		was := s.get(base + name).Body.Bytes()
		is := was
		if strings.HasSuffix(name, ".js") || name == "" {
			is = []byte(renamed.Replace(string(was)))
		}
		if !bytes.Equal(is, was) {
			changed++
		}
		sum := sha256.Sum256(is)
		worker = strings.ReplaceAll(worker, hash, "sha256-"+base64.StdEncoding.EncodeToString(sum[:]))
		address := base + renamed.Replace(name)
		newer[address], older[address] = is, base+name
	}
	if changed < 2 {
		s.t.Fatalf("the newer version differs in %d files", changed)
	}
	version := regexp.MustCompile(`[0-9a-f]{16}`).FindString(s.get(base + "version.json").Body.String())
	sum := sha256.Sum256([]byte(worker))
	next := hex.EncodeToString(sum[:8])
	newer[base+"worker.js"], older[base+"worker.js"] = []byte(strings.ReplaceAll(renamed.Replace(worker), version, next)), base+"worker.js"
	newer[base+"version.json"], older[base+"version.json"] = fmt.Appendf(nil, `{"version":%q}`, next), base+"version.json"
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newer, s.older = newer, older
}
