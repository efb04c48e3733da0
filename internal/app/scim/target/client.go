// Requests to the target (RFC 7644 section 3).
package target

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"woggle/internal/outgoing"
)

// away says that the target itself fails: everything waits.
type away struct {
	why   string
	after time.Duration // how long it asked us to wait; zero: it did not say
}

func (a *away) Error() string { return a.why }

// refused says that the target does not take what it was told of one resource.
type refused struct {
	status int
	why    string
}

func (r *refused) Error() string { return r.why }

func isRefused(err error, statuses ...int) bool {
	var r *refused
	if !errors.As(err, &r) {
		return false
	}
	for _, status := range statuses {
		if r.status == status {
			return true
		}
	}
	return false
}

// client speaks to one target.
type client struct {
	http  *http.Client
	base  string
	token string
	// before is asked before each request: whoever lost the lease sends nothing more.
	before func(ctx context.Context) error
}

// remote is a resource, as far as it matters here.
type remote struct {
	ID         string `json:"id"`
	ExternalID string `json:"externalId"`
	UserName   string `json:"userName"`
	Name       string `json:"displayName"` // of a group
	Members    []struct {
		Value string `json:"value"`
	} `json:"members"`
	all map[string]any
}

// exchange sends one request and reads the answer into out, if there is one.
func (c *client) exchange(ctx context.Context, method, path string, body, out any) error {
	if err := c.before(ctx); err != nil {
		return err
	}
	text := []byte(nil)
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Accept", "application/scim+json")
	r.Header.Set("User-Agent", "Woggle")
	if body != nil {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &away{why: "It cannot be reached: " + reason(err)}
	}
	defer answer.Body.Close()
	read, err := outgoing.Read(answer)
	if err != nil {
		return &away{why: "Its answer could not be read: " + reason(err)}
	}
	if answer.StatusCode >= 300 {
		return judge(answer, read)
	}
	if out == nil || len(read) == 0 {
		return nil
	}
	if err := json.Unmarshal(read, out); err != nil {
		return &refused{answer.StatusCode, "Its answer is no JSON."}
	}
	return nil
}

// reason is a network error without the address, which stands in the target.
func reason(err error) string {
	var inner *url.Error
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return shorten(err.Error())
}

// judge tells the target's trouble from that of one resource.
func judge(answer *http.Response, body []byte) error {
	var told struct {
		Detail string `json:"detail"`
	}
	json.Unmarshal(body, &told) // what is no JSON has no detail
	why := fmt.Sprintf("It answered with %d", answer.StatusCode)
	if told.Detail != "" {
		why += ": " + shorten(told.Detail)
	}
	switch status := answer.StatusCode; {
	case status == http.StatusUnauthorized:
		return &away{why: why + ". Is the token still right?"}
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= 500 && status != http.StatusNotImplemented, status < 400:
		return &away{why: why, after: retryAfter(answer.Header.Get("Retry-After"))}
	default:
		return &refused{status, why}
	}
}

// retryAfter reads a wait in seconds, at most an hour (RFC 9110 section 10.2.3); dates are not believed.
func retryAfter(text string) time.Duration {
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, longest)
}

// shorten keeps what others write to one readable line.
func shorten(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	return strings.ToValidUTF8(text[:min(len(text), 200)], "")
}

// find looks for one resource by an attribute. A target that cannot filter by it has none.
func (c *client) find(ctx context.Context, resource, attribute, value string) (*remote, error) {
	query := url.Values{"filter": {attribute + " eq " + quote(value)}}
	if resource == "Groups" {
		query.Set("excludedAttributes", "members")
	}
	var list struct {
		Resources []remote `json:"Resources"`
	}
	err := c.exchange(ctx, http.MethodGet, "/"+resource+"?"+query.Encode(), nil, &list)
	if isRefused(err, http.StatusBadRequest, http.StatusNotFound, http.StatusNotImplemented) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, one := range list.Resources {
		// One that ignores the filter answers with everybody, and the first of them may be anybody.
		has := map[string]bool{"externalId": one.ExternalID == value, "userName": strings.EqualFold(one.UserName, value),
			"displayName": strings.EqualFold(one.Name, value)}
		if one.ID != "" && has[attribute] {
			return &one, nil
		}
	}
	return nil, nil
}

// quote writes a value into a filter or a path, whatever stands in it (RFC 7644 section 3.4.2.2).
func quote(value string) string {
	text, err := json.Marshal(value)
	if err != nil {
		return `""` // unreachable: every string has JSON
	}
	return string(text)
}

// get reads one resource whole.
func (c *client) get(ctx context.Context, resource, id string) (*remote, error) {
	var raw json.RawMessage
	if err := c.exchange(ctx, http.MethodGet, "/"+resource+"/"+url.PathEscape(id), nil, &raw); err != nil {
		return nil, err
	}
	var one remote
	if json.Unmarshal(raw, &one) != nil || json.Unmarshal(raw, &one.all) != nil {
		return nil, &refused{http.StatusOK, "Its answer is no resource."}
	}
	return &one, nil
}

// create makes a resource and tells its id there.
func (c *client) create(ctx context.Context, resource string, body map[string]any) (string, error) {
	var made remote
	if err := c.exchange(ctx, http.MethodPost, "/"+resource, body, &made); err != nil {
		return "", err
	}
	if made.ID == "" {
		return "", &refused{http.StatusCreated, "It told no id of what it made."}
	}
	return made.ID, nil
}

// op is one operation of a PATCH.
type op struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

func (c *client) patch(ctx context.Context, resource, id string, ops ...op) error {
	return c.exchange(ctx, http.MethodPatch, "/"+resource+"/"+url.PathEscape(id), map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": ops}, nil)
}

func (c *client) delete(ctx context.Context, resource, id string) error {
	err := c.exchange(ctx, http.MethodDelete, "/"+resource+"/"+url.PathEscape(id), nil, nil)
	if isRefused(err, http.StatusNotFound) {
		return nil
	}
	return err
}
