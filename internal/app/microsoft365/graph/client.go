// One request at a time, tried again where that is right.
package graph

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	mostAnswer = 16 << 20         // bytes; a page of 999 people with all that we ask for has less than one
	patience   = 60 * time.Second // for one answer
	tries      = 6                // of one request, the first one among them
	longest    = 5 * time.Minute  // of one pause: who is told to come back later than that is told so
)

// Options are what a client works with.
type Options struct {
	At          Endpoints    // of the connection's cloud; of a stand-in in tests
	Tenant, App string       // their ids
	Credentials []Credential // the newest first
	Now         func() time.Time
	Wait        func(context.Context, time.Duration) error // nil: really
}

// Client asks one tenant. It is not for several goroutines: who is polite has one request in the air.
type Client struct {
	at          Endpoints
	tenant, app string
	credentials []Credential
	now         func() time.Time
	wait        func(context.Context, time.Duration) error
	http        *http.Client

	token     string
	tokenEnds time.Time
	used      int // the credential that got the token

	skew time.Duration // their clock minus ours
	told bool          // whether they said what their clock shows
}

// New makes a client. Its error tells what is wrong with the options.
func New(o Options) (*Client, error) {
	if err := o.At.check(); err != nil {
		return nil, err
	}
	c := &Client{at: o.At, tenant: o.Tenant, app: o.App, credentials: o.Credentials, now: o.Now, wait: o.Wait}
	if c.wait == nil {
		c.wait = pause
	}
	c.http = &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout:        50 * time.Second,
		},
		// A redirect would carry the token, or the proof of who we are, to wherever the answer says.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Used tells which of the credentials, by its place, got the token.
func (c *Client) Used() int { return c.used }

// Tokenless tells whether Microsoft has not let us in at all.
func (c *Client) Tokenless() bool { return c.token == "" }

// Skew is by how much Microsoft's clock is ahead of ours; false before anything was answered.
func (c *Client) Skew() (time.Duration, bool) { return c.skew, c.told }

// Request is one request to Graph.
type Request struct {
	Method string
	Path   string // from the version on, with its query: /v1.0/users?$top=999
	Body   any    // what becomes its JSON; nil: none
	Eager  bool   // an advanced query (ConsistencyLevel: eventual)
	Again  bool   // a POST that does no harm when it is made twice
	New    bool   // it is about something that was made a moment ago: "not found" is asked again
}

// String is the request as a person reads it before it is made. It shows the body: that of a new person has a password in it.
func (r Request) String() string {
	line := r.Method + " " + r.Path
	if r.Body == nil {
		return line
	}
	body, err := json.MarshalIndent(r.Body, "", "  ")
	if err != nil {
		return line
	}
	return line + "\n" + string(body)
}

// repeatable tells whether making it twice is the same as making it once.
func (r Request) repeatable() bool { return r.Method != http.MethodPost || r.Again }

func (r Request) check() error {
	if !strings.HasPrefix(r.Path, "/v1.0/") && !strings.HasPrefix(r.Path, "/beta/") {
		return fmt.Errorf("%q is no path of Graph", r.Path)
	}
	return nil
}

// Answer is what Graph said.
type Answer struct {
	Status int
	Header http.Header
	Body   json.RawMessage
}

// Do makes the request, and reads the answer into into unless that is nil. Its error is an *Error if Microsoft refused.
func (c *Client) Do(ctx context.Context, r Request, into any) error {
	if err := r.check(); err != nil {
		return err
	}
	a, err := c.request(ctx, r)
	if err != nil {
		return err
	}
	return a.read(into)
}

func (a Answer) read(into any) error {
	if a.Status < 200 || a.Status > 299 {
		return graphError(a)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("the answer is not what Microsoft's documentation says: %w", err)
	}
	return nil
}

// request makes a request with the token, once more with a new one if that was refused.
func (c *Client) request(ctx context.Context, r Request) (a Answer, err error) {
	var body []byte
	if r.Body != nil {
		if body, err = json.Marshal(r.Body); err != nil {
			return a, err
		}
	}
	for renewed := false; ; renewed = true {
		token, err := c.bearer(ctx)
		if err != nil {
			return a, err
		}
		compose := func() (*http.Request, error) {
			h, err := http.NewRequestWithContext(ctx, r.Method, c.at.Graph+r.Path, bytes.NewReader(body))
			if err != nil {
				return nil, errors.New("this is no address of Graph: " + r.Path)
			}
			h.Header.Set("Authorization", "Bearer "+token)
			h.Header.Set("Accept", "application/json")
			if r.Body != nil {
				h.Header.Set("Content-Type", "application/json")
			}
			if r.Eager {
				h.Header.Set("ConsistencyLevel", "eventual")
			}
			return h, nil
		}
		if a, err = c.send(ctx, compose, r.repeatable(), r.New); err != nil || a.Status != http.StatusUnauthorized || renewed {
			return a, err
		}
		c.token = ""
	}
}

// send makes a request until it is answered for good. Where repeat is false a request that may have been carried out is not
// made again.
func (c *Client) send(ctx context.Context, compose func() (*http.Request, error), repeat, fresh bool) (a Answer, err error) {
	for try := 1; ; try++ {
		r, failure := compose()
		if failure != nil {
			return a, failure
		}
		a, err = c.once(r)
		wait := backOff(try)
		switch {
		case ctx.Err() != nil:
			return a, ctx.Err()
		case err != nil && !worthAnother(err, repeat):
			return a, err
		case err == nil:
			again, asked := a.again(c.now(), repeat, fresh)
			if !again {
				return a, nil
			}
			wait = max(wait, asked)
		}
		if try == tries || wait > longest {
			return a, err
		}
		if err := c.wait(ctx, wait); err != nil {
			return a, err
		}
	}
}

// backOff is 1, 2, 4, 8, 16 seconds after the first to the fifth try, each with up to half as much again at random, so that
// many who were refused together do not come back together.
func backOff(try int) time.Duration {
	base := time.Second << (try - 1)
	return base + rand.N(base/2)
}

// again tells whether the answer asks for another try, and after how long at least.
func (a Answer) again(now time.Time, repeat, fresh bool) (bool, time.Duration) {
	switch a.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable: // not carried out
		return true, retryAfter(a.Header.Get("Retry-After"), now)
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusGatewayTimeout:
		return repeat, retryAfter(a.Header.Get("Retry-After"), now)
	case http.StatusNotFound:
		return fresh, 0
	}
	return false, 0
}

// retryAfter reads seconds or a date (RFC 9110 section 10.2.3).
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 24); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

func (c *Client) once(r *http.Request) (Answer, error) {
	answer, err := c.http.Do(r)
	if err != nil {
		return Answer{}, unreachable(err)
	}
	defer answer.Body.Close()
	if at, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		c.skew, c.told = at.Sub(c.now()), true
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer+1))
	if err != nil {
		return Answer{}, unreachable(err)
	}
	if len(body) > mostAnswer {
		return Answer{}, errors.New("this is more than can be an answer of Microsoft's")
	}
	return Answer{answer.StatusCode, answer.Header, body}, nil
}
