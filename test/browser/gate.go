// Names of this computer over TLS, for what browsers do nowhere else: at one site they use the passkeys of another.
package browser

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// names are those that lead here, for Chromium.
const names = "signin.*.test"

// gate is the proxy that a server has in front of it: it does TLS, and knows which program answers at which name.
type gate struct {
	listener net.Listener
	web      *http.Server
	pin      string // of its key, by which Chromium believes its certificate

	mu sync.Mutex
	to map[string]string // by name: where the program listens
}

func openGate() (*gate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"signin.former.test", "signin.today.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	if err != nil {
		return nil, err
	}
	pin := sha256.Sum256(public)
	g := &gate{pin: base64.StdEncoding.EncodeToString(pin[:]), to: map[string]string{}}
	g.listener, err = tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{ErrorLog: log.New(os.Stderr, "gate: ", 0), Rewrite: func(r *httputil.ProxyRequest) {
		g.mu.Lock()
		defer g.mu.Unlock()
		r.SetURL(&url.URL{Scheme: "http", Host: g.to[r.In.Host]})
		r.Out.Host = r.In.Host
		r.SetXForwarded()
	}}
	g.web = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		known := g.to[r.Host] != ""
		g.mu.Unlock()
		if !known {
			http.NotFound(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}), ErrorLog: log.New(os.Stderr, "gate: ", 0)}
	go g.web.Serve(g.listener)
	return g, nil
}

// lead makes a name one of the program that listens there; of none, if that is empty.
func (g *gate) lead(name, listen string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.to[name] = listen
}

// ServeAt starts a real server in an empty folder, at a name of its own over TLS; it ends with the story.
func (s *Suite) ServeAt(t testing.TB, name string) *County {
	t.Helper()
	s.need(t)
	c := &County{t: t, suite: s, folder: t.TempDir(), steps: map[string]int64{}, read: map[string]string{}}
	c.Move(name)
	return c
}

// Move serves the same people at another name, from now on. Flags are further ones of the command.
func (c *County) Move(name string, flags ...string) {
	c.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	listen := listener.Addr().String()
	if err := listener.Close(); err != nil {
		c.t.Fatal(err)
	}
	c.Base = "https://" + name
	c.suite.Run(c.t, []string{"WOGGLE_DATA=" + filepath.Join(c.folder, "data")},
		append([]string{"serve", "--address", c.Base, "--listen", listen, "--trusted-proxies", "127.0.0.1"}, flags...)...)
	c.eventually("a server at "+name, func() bool {
		response, err := http.Get("http://" + listen + "/readyz")
		if err == nil {
			response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusOK
	})
	c.listen = listen
	c.Lead(name, true)
}

// Lead makes a name lead to the county's server, or to nobody's.
func (c *County) Lead(name string, here bool) {
	if here {
		c.suite.gate.lead(name, c.listen)
	} else {
		c.suite.gate.lead(name, "")
	}
}
