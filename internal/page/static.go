// The static files, each addressed by a checksum so that it may be cached for ever.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var staticFiles embed.FS

type asset struct {
	name, address, kind string
	body                []byte
}

func loadAssets() (byName, byAddress map[string]asset, err error) {
	byName, byAddress = map[string]asset{}, map[string]asset{}
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	err = fs.WalkDir(staticFiles, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := staticFiles.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		short := strings.TrimPrefix(name, "static/")
		a := asset{name: short, kind: kinds[path.Ext(name)], body: body,
			address: "/static/" + hex.EncodeToString(sum[:8]) + "/" + short}
		byName[short], byAddress[a.address] = a, a
		return nil
	})
	return byName, byAddress, err
}

// Static serves the static files under /static/.
func (r *Renderer) Static(w http.ResponseWriter, req *http.Request) {
	a, ok := r.assetsByAddress[req.URL.Path]
	if !ok {
		http.NotFound(w, req)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, req, a.name, time.Time{}, bytes.NewReader(a.body))
}

// BrandSheet serves the organisation's colours: a sheet of its own, because the policy allows no style attribute.
func (r *Renderer) BrandSheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Write([]byte(":root{--brand:" + r.brand.Colour + ";--on-brand:" + r.brand.onColour() + "}\n"))
}
