// How a request to Graph goes, alone or within a batch.
package entra

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// call is one request of an application, as a thing of Graph sees it. Its methods are called with the lock held.
type call struct {
	e       *Entra
	tenant  *Tenant
	app     *App
	version string // v1.0 or beta
	method  string
	path    []string // from the version on, without it
	query   url.Values
	eager   bool // ConsistencyLevel: eventual
	json    bool // the content type says so
	body    []byte
}

// answer is what comes of it.
type answer struct {
	status int
	header map[string]string
	body   any // nil: none
}

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }
func done() answer       { return answer{status: http.StatusNoContent} }

// refuse is an error of Graph's.
func refuse(status int, code, words string) answer {
	return answer{status: status, body: map[string]any{"error": map[string]any{"code": code, "message": words,
		"innerError": map[string]string{"request-id": "5a1c1d6e", "date": "2026-11-28T03:40:00"}}}}
}

func bad(format string, args ...any) answer {
	return refuse(http.StatusBadRequest, "Request_BadRequest", fmt.Sprintf(format, args...))
}

func missing(name string) answer {
	return refuse(http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+name+"' does not exist or one of its queried reference-property objects are not present.")
}

func denied() answer {
	return refuse(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

func (e *Entra) graph(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	a := e.admit(r, body)
	e.log = append(e.log, Entry{e.now(), r.Method, r.URL.RequestURI(), a.status})
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", "application/json; odata.metadata=minimal; charset=utf-8")
	w.WriteHeader(a.status)
	if a.body != nil {
		json.NewEncoder(w).Encode(a.body)
	}
}

// admit checks who asks, then answers.
func (e *Entra) admit(r *http.Request, body []byte) answer {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	grant, known := e.tokens[token]
	if !known || e.now().After(grant.ends) {
		return refuse(http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
	}
	if e.throttled > 0 {
		e.throttled--
		return e.tooMany()
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	c := &call{e: e, tenant: grant.tenant, app: grant.app, json: kind == "application/json", body: body,
		eager: strings.EqualFold(r.Header.Get("ConsistencyLevel"), "eventual")}
	c.aim(r.Method, r.URL)
	if c.path[0] == "$batch" {
		return c.batch()
	}
	return c.do()
}

func (e *Entra) tooMany() answer {
	a := refuse(http.StatusTooManyRequests, "TooManyRequests", "Too many requests.")
	a.header = map[string]string{"Retry-After": strconv.Itoa(int(e.pause.Seconds()))}
	return a
}

// aim sets what is asked for.
func (c *call) aim(method string, u *url.URL) {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	c.method, c.version, c.path, c.query = method, parts[0], parts[1:], u.Query()
}

// needs tells whether the application has one of the permissions.
func (c *call) needs(roles ...string) bool {
	return slices.ContainsFunc(roles, func(role string) bool { return slices.Contains(c.app.Roles, role) })
}

// members reads the body, of which only these members may be. Graph takes no member that it does not know.
func (c *call) members(known ...string) (map[string]any, *answer) {
	if !c.json {
		a := refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "A body needs the content type application/json.")
		return nil, &a
	}
	var body map[string]any
	decoder := json.NewDecoder(bytes.NewReader(c.body))
	if err := decoder.Decode(&body); err != nil || body == nil {
		a := refuse(http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload.")
		return nil, &a
	}
	for name, value := range body {
		if !slices.Contains(known, name) {
			a := bad("Invalid property '%s'.", name)
			return nil, &a
		}
		// Graph takes null for "none", and no empty text.
		if value == "" {
			a := bad("Invalid value specified for property '%s' of resource.", name)
			return nil, &a
		}
	}
	return body, nil
}

// do finds the thing that is asked for.
func (c *call) do() answer {
	first := c.path[0]
	switch {
	case first == "users":
		return c.users()
	case first == "domains":
		return c.domains()
	case first == "subscribedSkus":
		return c.skus()
	case strings.HasPrefix(first, "directoryRoles("):
		return c.roleMembers()
	case first == "policies", first == "reports":
		return c.reports()
	}
	return refuse(http.StatusBadRequest, "BadRequest", "Resource not found for the segment '"+first+"'.")
}

// page answers with a part of a list, and a link to the next.
func (c *call) page(rows []any, most int) answer {
	top, err := strconv.Atoi(c.query.Get("$top"))
	if c.query.Has("$top") && (err != nil || top < 1 || top > most) {
		return bad("Invalid page size specified: '%s'. Must be between 1 and %d inclusive.", c.query.Get("$top"), most)
	}
	if top == 0 {
		top = 100
	}
	from, _ := strconv.Atoi(c.query.Get("$skiptoken"))
	from = min(from, len(rows))
	to := min(from+top, len(rows))
	body := map[string]any{"value": rows[from:to]}
	if to < len(rows) {
		next := url.Values{}
		for name, values := range c.query {
			next[name] = values
		}
		next.Set("$skiptoken", strconv.Itoa(to))
		body["@odata.nextLink"] = c.e.URL + "/" + c.version + "/" + strings.Join(c.path, "/") + "?" + next.Encode()
	}
	return ok(body)
}
