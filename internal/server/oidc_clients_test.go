package server_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"woggle/internal/db/dbtest"
)

// stranger is somebody else's client, in another language (test/relying).
type stranger struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Scanner
}

// stranger starts it for the app, with a task.
func (c *relying) stranger(t *testing.T, task map[string]any) *stranger {
	t.Helper()
	folder := filepath.Join("..", "..", "test", "relying")
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "openid-client")); err != nil {
		dbtest.Need(t, errors.New("the modules of test/relying are not installed (make tools)"))
	}
	all := map[string]any{"issuer": c.s.nodes[0].web.URL, "client": c.id, "secret": c.secret, "redirect": c.callback(), "bye": c.web.URL + "/bye",
		"scope": "openid profile email offline_access", "auth": "basic", "alg": "RS256", "flow": "code"}
	maps.Copy(all, task)
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("node", filepath.Join(folder, "relying.js"), string(raw))
	command.Stderr = os.Stderr
	in, err1 := command.StdinPipe()
	out, err2 := command.StdoutPipe()
	if err := errors.Join(err1, err2, command.Start()); err != nil {
		dbtest.Need(t, err)
	}
	t.Cleanup(func() {
		in.Close()
		command.Wait()
	})
	return &stranger{t, in, bufio.NewScanner(out)}
}

func (f *stranger) hears() map[string]any {
	f.t.Helper()
	said := map[string]any{}
	if !f.out.Scan() || json.Unmarshal(f.out.Bytes(), &said) != nil {
		f.t.Fatalf("it said %q, and went", f.out.Text())
	}
	return said
}

func (f *stranger) says(what map[string]any) {
	f.t.Helper()
	if err := json.NewEncoder(f.in).Encode(what); err != nil {
		f.t.Fatal(err)
	}
}

// openid-client for Node checks issuer, signature, nonce, state, iss, at_hash and times by itself, and ends with an error.
func TestOIDCWithOpenIDClientForNode(t *testing.T) {
	mine, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private := jose.JSONWebKey{Key: mine, KeyID: "k1", Algorithm: "ES256", Use: "sig"}
	public := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{private.Public()}}
	for name, story := range map[string]struct{ settings, task map[string]any }{
		"secret in the header": {nil, nil},
		"secret in the body":   {nil, map[string]any{"auth": "post"}},
		"ES256":                {map[string]any{"signing_alg": "ES256"}, map[string]any{"alg": "ES256"}},
		"no secret":            {map[string]any{"token_auth": "none"}, map[string]any{"auth": "none"}},
		"a key, sent ahead":    {map[string]any{"token_auth": "private_key_jwt", "jwks": public}, map[string]any{"auth": "key", "key": private, "par": true}},
		"by a form":            {nil, map[string]any{"parameters": map[string]string{"response_mode": "form_post"}}},
		"refreshed ID token":   {map[string]any{"refresh_id_token": true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			onSQLite(t, func(s *site) {
				s.clock.Set(time.Now()) // which the client's is
				c, user := s.relying("kit", story.settings), s.member("aisha")
				b := s.enters(user)
				f := c.stranger(t, story.task)
				b.open(f.hears()["url"].(string))
				if back := c.bring(b); b.page.URL.Path == "/oidc/authorize" {
					form := map[string]string{}
					for name := range back {
						form[name] = back.Get(name)
					}
					f.says(map[string]any{"form": form})
				} else {
					f.says(map[string]any{"address": b.page.URL.String()})
				}
				told := f.hears()
				claims, info := told["claims"].(map[string]any), told["userinfo"].(map[string]any)
				if claims["sub"] != user.ID || info["name"] != "Aisha Khan" || told["revoked"] != "invalid_grant" {
					t.Errorf("told %v", told)
				}
				b.open(told["leave"].(string))
				if b.page.URL.String() != c.web.URL+"/bye?state=bye" {
					t.Errorf("left to %s", b.page.URL)
				}
			})
		})
	}
	t.Run("a device", func(t *testing.T) {
		onSQLite(t, func(s *site) {
			s.clock.Set(time.Now())
			c := s.relying("tv", map[string]any{"grants": []string{"device_code"}, "redirect_uris": nil, "token_auth": "none"})
			f := c.stranger(t, map[string]any{"auth": "none", "flow": "device", "scope": "openid profile"})
			started := f.hears()
			b := s.enters(s.member("aisha")).open(started["url"].(string)).fill("Next", "code", started["code"].(string))
			b.press("Yes, let it in")
			f.says(map[string]any{})
			if info := f.hears()["userinfo"].(map[string]any); info["name"] != "Aisha Khan" {
				t.Errorf("told %v", info)
			}
		})
	})
	t.Run("in its own name", func(t *testing.T) {
		onSQLite(t, func(s *site) {
			s.clock.Set(time.Now())
			c := s.relying("machine", map[string]any{"grants": []string{"client_credentials"}, "redirect_uris": nil, "scopes": []string{"stock"}})
			f := c.stranger(t, map[string]any{"flow": "own", "scope": "stock"})
			if told := f.hears()["introspected"].(map[string]any); told["active"] != true || told["scope"] != "stock" {
				t.Errorf("told %v", told)
			}
		})
	})
}
