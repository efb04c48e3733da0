package scim_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"woggle/internal/app/scim"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/page"
)

const base = "https://id.example"

// world is a node with one connection, whose requests a test sends as Entra would.
type world struct {
	t     *testing.T
	db    *db.DB
	clock *dbtest.Clock
	keys  *keys.Ring
	mux   *http.ServeMux
	token string
	conn  scim.Connection
}

func each(t *testing.T, story func(w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { story(newWorld(t, d, clock)) })
}

// one is for what the engine does not matter to.
func one(t *testing.T) *world {
	t.Helper()
	d, clock := dbtest.Open(t)
	return newWorld(t, d, clock)
}

func newWorld(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: clock, keys: keys.Random()}
	w.mux = w.node(d)
	w.conn, w.token = w.connect("entra")
	return w
}

// node is one more program on the database.
func (w *world) node(d *db.DB) *http.ServeMux {
	w.t.Helper()
	locales, err := page.LoadLocales(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := scim.New(scim.Deps{DB: d, Keys: w.keys, Base: base, Locales: locales, Log: slog.New(slog.NewTextHandler(w.t.Output(), nil))})
	if err != nil {
		w.t.Fatal(err)
	}
	mux := http.NewServeMux()
	s.Mount(func(pattern string, h http.HandlerFunc) { mux.HandleFunc(pattern, h) })
	return mux
}

func (w *world) connect(name string) (c scim.Connection, token string) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) (err error) {
		c, token, err = scim.Add(tx, w.keys, audit.System, name, 365*24*time.Hour)
		return err
	})
	return c, token
}

func (w *world) tx(work func(tx *db.Tx) error) {
	w.t.Helper()
	if err := w.db.Tx(w.t.Context(), work); err != nil {
		w.t.Fatal(err)
	}
}

// reply is what came back.
type reply struct {
	t      *testing.T
	asked  string
	status int
	header http.Header
	text   string
	body   map[string]any
}

// send sends a request with the connection's token. A body is JSON text, or any value.
func (w *world) send(method, path string, body any) *reply {
	w.t.Helper()
	return w.sendAs(w.mux, w.token, method, path, body)
}

func (w *world) sendAs(node http.Handler, token, method, path string, body any) *reply {
	w.t.Helper()
	text, is := body.(string)
	if !is && body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		text = string(raw)
	}
	r := httptest.NewRequest(method, base+"/scim/v2"+path, strings.NewReader(text))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Content-Type", "application/scim+json")
	r = page.WithVisit(r, &page.Visit{ID: "test", Address: netip.MustParseAddr("192.0.2.7")})
	kept := httptest.NewRecorder()
	node.ServeHTTP(kept, r)
	answer := &reply{t: w.t, asked: method + " " + path, status: kept.Code, header: kept.Header(), text: kept.Body.String()}
	if kept.Body.Len() > 0 {
		decoder := json.NewDecoder(bytes.NewReader(kept.Body.Bytes()))
		if err := decoder.Decode(&answer.body); err != nil {
			w.t.Errorf("%s: no JSON: %v\n%s", answer.asked, err, answer.text)
		}
		if _, err := decoder.Token(); err != io.EOF {
			w.t.Errorf("%s: more than one value", answer.asked)
		}
		if kind := answer.header.Get("Content-Type"); kind != "application/scim+json" {
			w.t.Errorf("%s: it is said to be %q", answer.asked, kind)
		}
	}
	return answer
}

// is demands a status, and gives the reply on.
func (r *reply) is(status int) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: got %d, want %d\n%s", r.asked, r.status, status, r.text)
	}
	return r
}

// refused demands an error of a status and a scimType.
func (r *reply) refused(status int, kind string) *reply {
	r.t.Helper()
	r.is(status)
	if got, _ := r.body["scimType"].(string); got != kind {
		r.t.Errorf("%s: the scimType is %q, want %q\n%s", r.asked, got, kind, r.text)
	}
	if schemas, _ := r.body["schemas"].([]any); len(schemas) != 1 || schemas[0] != "urn:ietf:params:scim:api:messages:2.0:Error" {
		r.t.Errorf("%s: it is no error of the standard: %s", r.asked, r.text)
	}
	return r
}

// at reads a value by a path such as "name.givenName" or "emails.0.value".
func (r *reply) at(path string) any {
	var value any = r.body
	for step := range strings.SplitSeq(path, "/") {
		switch inner := value.(type) {
		case map[string]any:
			value = inner[step]
		case []any:
			value = nil
			for i, one := range inner {
				if step == string(rune('0'+i)) {
					value = one
				}
			}
		default:
			return nil
		}
	}
	return value
}

// has demands values by path.
func (r *reply) has(want map[string]any) *reply {
	r.t.Helper()
	for path, value := range want {
		if got := r.at(path); got != value {
			r.t.Errorf("%s: %s is %#v, want %#v\n%s", r.asked, path, got, value, r.text)
		}
	}
	return r
}

func (r *reply) id() string {
	r.t.Helper()
	id, _ := r.body["id"].(string)
	if id == "" {
		r.t.Fatalf("%s: there is no id\n%s", r.asked, r.text)
	}
	return id
}

// person makes somebody as Entra does, and gives the id.
func (w *world) person(name string) string {
	w.t.Helper()
	return w.send("POST", "/Users", map[string]any{"schemas": []string{userURN}, "userName": name, "externalId": "ext-" + name, "active": true}).is(201).id()
}

func (w *world) group(name string, members ...string) string {
	w.t.Helper()
	list := []any{}
	for _, id := range members {
		list = append(list, map[string]any{"value": id})
	}
	return w.send("POST", "/Groups", map[string]any{"schemas": []string{groupURN}, "displayName": name, "externalId": "ext-" + name, "members": list}).is(201).id()
}

// find lists with a filter.
func (w *world) find(resource, filter string) *reply {
	w.t.Helper()
	return w.send("GET", "/"+resource+"?filter="+url.QueryEscape(filter), nil)
}

// patch sends operations, as JSON text.
func (w *world) patch(path, operations string) *reply {
	w.t.Helper()
	return w.send("PATCH", path, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+operations+`]}`)
}

// user is the person in the directory.
func (w *world) user(id string) (u directory.User) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) (err error) {
		u, err = directory.ByID(tx, id)
		return err
	})
	return u
}

func (w *world) members(group string) (ids []string) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) (err error) {
		ids, err = directory.Members(tx, group)
		return err
	})
	return ids
}

// events are the types of what happened to the person, the oldest first, with who did it.
func (w *world) events(user string) (all []string) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) error {
		all = nil
		events, err := audit.OfUser(tx, user, "", 100)
		for i := len(events) - 1; i >= 0; i-- {
			all = append(all, string(events[i].Type)+" by "+events[i].Actor)
		}
		return err
	})
	return all
}

const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)
