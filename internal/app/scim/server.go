// The server: bounds, the token, and the hand-over to the library.
package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"
	filter "github.com/scim2/filter-parser/v2"

	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/limit"
	pages "woggle/internal/page"
)

// Bounds of requests (threats T81, T83).
const (
	bodyBytes  = 1 << 20
	atOnce     = 8               // requests of one connection that one node works on
	touchAfter = 5 * time.Minute // a token's use is written down no more often
)

// wrongTokens bounds what somebody without a token makes the database do. It is no bound on guessing: a token has 256 bits.
var wrongTokens = limit.Rule{Name: "scim-token", Max: 100, Window: 10 * time.Minute}

// Sweep forgets where those came from who had no token.
func Sweep(tx *db.Tx) error { return limit.Forget(tx, wrongTokens) }

const timeForm = time.RFC3339

// Deps is what the server works with.
type Deps struct {
	DB      *db.DB
	Keys    *keys.Ring
	Base    string // public address of the site: scheme and host
	Locales *pages.Locales
	Log     *slog.Logger
}

// Server answers at /scim/v2.
type Server struct {
	db      *db.DB
	keys    *keys.Ring
	base    string // of the resources
	locales *pages.Locales
	log     *slog.Logger
	library scim.Server

	mu   sync.Mutex
	busy map[string]int // requests under way, by connection
}

// New wires the server.
func New(d Deps) (*Server, error) {
	s := &Server{db: d.DB, keys: d.Keys, base: d.Base + "/scim/v2", locales: d.Locales, log: d.Log, busy: map[string]int{}}
	var err error
	s.library, err = scim.NewServer(&scim.ServerArgs{
		ServiceProviderConfig: &scim.ServiceProviderConfig{MaxResults: pageMax, SupportFiltering: true, SupportPatch: true,
			AuthenticationSchemes: []scim.AuthenticationScheme{{Type: scim.AuthenticationTypeOauthBearerToken, Name: "Bearer token",
				Description: "A token made by: woggle scim add", SpecURI: optional.NewString("https://www.rfc-editor.org/rfc/rfc6750"), Primary: true}}},
		ResourceTypes: []scim.ResourceType{
			{ID: optional.NewString("User"), Name: "User", Endpoint: "/Users", Description: optional.NewString("People"), Schema: userKind.schema,
				SchemaExtensions: []scim.SchemaExtension{{Schema: userKind.extensions[enterpriseURN]}}, Handler: people{s}},
			{ID: optional.NewString("Group"), Name: "Group", Endpoint: "/Groups", Description: optional.NewString("Groups of people"),
				Schema: groupKind.schema, Handler: groups{s}},
		},
	}, scim.WithBaseURL(s.base))
	return s, err
}

// Mount adds the routes.
func (s *Server) Mount(bare func(pattern string, h http.HandlerFunc)) {
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		bare(method+" /scim/v2/{rest...}", s.serve)
	}
}

// visit is one request of a connection.
type visit struct {
	connection Connection
	address    string
	filter     filter.Expression // nil: none
	filterText string
	cursor     *cursor // where the page begins; nil: the client counts
	next       string  // cursor of the next page
	silent     bool    // a change that comes to nothing is answered without the resource
	failure    error   // what the library is not to tell
}

type visitKey struct{}

func visitOf(r *http.Request) *visit { return r.Context().Value(visitKey{}).(*visit) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "application/scim+json")
	header.Set("Cache-Control", "no-store")
	from := pages.VisitOf(r).Address
	seen := &visit{address: from.String()}
	connection, wait, err := s.authenticate(r, from)
	switch {
	case err != nil:
		s.fail(w, r, err)
		return
	case wait > 0:
		s.refuse(w, http.StatusTooManyRequests, "Too many requests without a token that works. Wait.", wait)
		return
	case connection == nil:
		header.Set("WWW-Authenticate", `Bearer realm="scim"`)
		s.refuse(w, http.StatusUnauthorized, "This needs a token that works, made by: woggle scim token", 0)
		return
	}
	if seen.connection = *connection; !s.enter(connection.ID) {
		s.refuse(w, http.StatusTooManyRequests, "Too many requests at once. Wait.", time.Second)
		return
	}
	defer s.leave(connection.ID)
	s.answer(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, seen)), seen)
}

// authenticate finds the connection of the token; nil if there is none. A wait says that the address is to come back later.
func (s *Server) authenticate(r *http.Request, address netip.Addr) (*Connection, time.Duration, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || len(token) != 52 || len(r.Header.Values("Authorization")) != 1 {
		token = ""
	}
	var found bool
	var c Connection
	var t Token
	if token != "" {
		err := s.db.Ask(r.Context(), func(tx *db.Tx) (err error) {
			c, t, found, err = bearer(tx, s.keys.Lookups("scim-token", token))
			return err
		})
		if err != nil {
			return nil, 0, err
		}
	}
	if found {
		if s.db.Now().Sub(t.UsedAt) < touchAfter {
			return &c, 0, nil
		}
		return &c, 0, s.db.Tx(r.Context(), func(tx *db.Tx) error { return touchToken(tx, t.ID) })
	}
	var wait time.Duration
	err := s.db.Tx(r.Context(), func(tx *db.Tx) (err error) {
		wait, err = wrongTokens.Take(tx, customer(address))
		return err
	})
	return nil, wait, err
}

// customer is the address, or the 64 bits of IPv6 that are the least that a customer has.
func customer(address netip.Addr) string {
	if prefix, err := address.Prefix(64); err == nil && address.Is6() {
		return prefix.String()
	}
	return address.String()
}

func (s *Server) enter(connection string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[connection] >= atOnce {
		return false
	}
	s.busy[connection]++
	return true
}

func (s *Server) leave(connection string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[connection]--; s.busy[connection] == 0 {
		delete(s.busy, connection)
	}
}

// answer brings the request into the standard's form, and what the library answers into the form that clients rely on.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, seen *visit) {
	inner, err := s.prepare(w, r, seen)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	kept := &recorder{header: http.Header{}, status: http.StatusOK}
	s.library.ServeHTTP(kept, inner)
	if seen.failure != nil {
		s.fail(w, r, seen.failure)
		return
	}
	if location := kept.header.Get("Location"); location != "" {
		w.Header().Set("Location", location)
	}
	body := kept.body.Bytes()
	if seen.silent && kept.status == http.StatusOK {
		kept.status, body = http.StatusNoContent, nil
	}
	if kept.status == http.StatusOK && bytes.Contains(body, []byte("ListResponse")) {
		body = finishList(body, seen.next)
	}
	w.WriteHeader(kept.status)
	w.Write(body)
}

// finishList says how many resources the page has, which the library takes for how many were asked for, writes [] for none,
// and adds the next cursor.
func finishList(body []byte, next string) []byte {
	var all map[string]json.RawMessage
	var resources []json.RawMessage
	if json.Unmarshal(body, &all) != nil || json.Unmarshal(all["Resources"], &resources) != nil {
		return body
	}
	if resources == nil {
		all["Resources"] = json.RawMessage("[]")
	}
	all["itemsPerPage"], _ = json.Marshal(len(resources))
	if next != "" {
		all["nextCursor"], _ = json.Marshal(next)
	}
	finished, err := json.Marshal(all)
	if err != nil {
		return body
	}
	return finished
}

// prepare reads the body and the filter.
func (s *Server) prepare(w http.ResponseWriter, r *http.Request, seen *visit) (*http.Request, error) {
	inner := r.Clone(r.Context())
	path := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/scim"), "/")
	inner.URL.Path = path
	first, id, single := strings.Cut(strings.TrimPrefix(path, "/v2/"), "/")
	k, isResource := map[string]kind{userKind.path: userKind, groupKind.path: groupKind}[first]
	query := inner.URL.Query()
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		inner.Method = http.MethodGet
		if isResource && !single {
			if err := s.readQuery(seen, k, query.Get("filter"), query.Has("cursor"), query.Get("cursor")); err != nil {
				return nil, err
			}
		}
		query.Del("filter") // it is judged here, by a parser that knows Entra's
		inner.URL.RawQuery = query.Encode()
		inner.Body = http.NoBody
		return inner, nil
	case http.MethodDelete:
		inner.Body = http.NoBody
		return inner, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyBytes))
	if errors.As(err, new(*http.MaxBytesError)) {
		return nil, scimerrors.ScimError{Status: http.StatusRequestEntityTooLarge, Detail: "A request may have 1048576 bytes."}
	}
	if err != nil {
		return nil, scimerrors.ScimErrorInvalidSyntax
	}
	if isResource && r.Method == http.MethodPatch {
		body, err = k.patch(body)
		if errors.Is(err, errNothing) && single && id != "" {
			inner.Method, body, err = http.MethodGet, nil, nil
			seen.silent = first == groupKind.path
		}
	} else if isResource {
		body, err = k.resource(body)
	}
	inner.Body = io.NopCloser(bytes.NewReader(body))
	return inner, err
}

func (s *Server) readQuery(seen *visit, k kind, text string, hasCursor bool, sealed string) (err error) {
	if text = strings.TrimSpace(text); text != "" {
		seen.filterText = text
		if seen.filter, err = parseFilter(text); err != nil {
			return badFilter(err.Error())
		}
		return nil
	}
	if hasCursor {
		at, ok := s.open(seen, k.path, sealed)
		if !ok {
			return scimerrors.ScimError{ScimType: "invalidCursor", Status: http.StatusBadRequest, Detail: "This cursor was not made here, for this list."}
		}
		seen.cursor = &at
	}
	return nil
}

// recorder keeps what the library answers.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (k *recorder) Header() http.Header         { return k.header }
func (k *recorder) WriteHeader(status int)      { k.status = status }
func (k *recorder) Write(b []byte) (int, error) { return k.body.Write(b) }
