// The built app as files that are served.
package authenticator

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:embed all:dist
var dist embed.FS

// Base is where the app lives. It is also the scope of its service worker, which therefore sees no other page of ours.
const Base = "/authenticator/"

// policy is stricter than that of our pages in what scripts may do, and laxer in what the app needs: a worker and a manifest.
// The app keeps secrets, so no string may become script (Trusted Types): Svelte makes elements of its own templates, and the
// app starts its one worker.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; " +
	"worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types svelte-trusted-html woggle-worker"

// permissions are what the app asks of the device: the camera and the screen for QR codes, the lock, and the clipboard for codes.
const permissions = "accelerometer=(), browsing-topics=(), camera=(self), clipboard-read=(), clipboard-write=(self), display-capture=(self), geolocation=(), " +
	"gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()"

var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".json": "application/json",
	".md": "text/plain; charset=utf-8", ".png": "image/png", ".svg": "image/svg+xml", ".webmanifest": "application/manifest+json",
}

// App is the built app.
type App struct {
	files map[string]file // by address
}

type file struct {
	kind, cache, tag string
	body             []byte
	packed           func() []byte // gzip of body, made when it is first asked for; nil for pictures
}

// New reads the build that is part of the program. It fails where that has a file of a kind nobody thought of.
func New() (*App, error) {
	a := &App{files: map[string]file{}}
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(built, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(built, name)
		if err != nil {
			return err
		}
		f, err := read(name, body)
		a.files[Base+strings.TrimSuffix(name, "index.html")] = f
		return err
	})
	return a, err
}

func read(name string, body []byte) (file, error) {
	kind, known := kinds[path.Ext(name)]
	if !known {
		return file{}, &fs.PathError{Op: "serve", Path: name, Err: fs.ErrInvalid}
	}
	hash := sha256.Sum256(body)
	f := file{kind: kind, cache: "no-cache", tag: base64.RawURLEncoding.EncodeToString(hash[:12]), body: body}
	if strings.HasPrefix(name, "assets/") { // their names change with what is in them
		f.cache = "public, max-age=31536000, immutable"
	}
	if kind != "image/png" {
		f.packed = sync.OnceValue(func() []byte { return pack(body) })
	}
	return f, nil
}

func pack(body []byte) []byte {
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is a valid one
	w.Write(body)
	w.Close()
	return packed.Bytes()
}

// Mount adds the app's one route, which has no visitor: it must answer alike whoever asks.
func (a *App) Mount(bare func(pattern string, h http.HandlerFunc)) { bare("GET "+Base, a.serve) }

func (a *App) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("Permissions-Policy", permissions)
	header.Set("Referrer-Policy", "no-referrer")
	f, found := a.files[r.URL.Path]
	if !found {
		header.Set("Cache-Control", "no-store") // a part of a newer version, asked of a node that has the older one
		http.NotFound(w, r)
		return
	}
	header.Set("Content-Type", f.kind)
	header.Set("Cache-Control", f.cache)
	body, tag := f.body, f.tag
	if f.packed != nil {
		header.Set("Vary", "Accept-Encoding")
		if unpacks(r.Header.Get("Accept-Encoding")) {
			header.Set("Content-Encoding", "gzip")
			body, tag = f.packed(), tag+"-gzip"
		}
	}
	header.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// unpacks tells whether a browser takes gzip (RFC 9110 section 12.5.3). One that names it with a weight is taken at its word
// only if the weight is not nothing.
func unpacks(accept string) bool {
	for coding := range strings.SplitSeq(accept, ",") {
		name, weight, weighed := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";q=")
		if strings.EqualFold(name, "gzip") {
			return !weighed || strings.Trim(weight, "0.") != ""
		}
	}
	return false
}
