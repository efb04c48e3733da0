// One request to a provider, and its answer.

package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"woggle/internal/message"
)

// mostAnswer bounds an answer, in bytes. Those of all providers are far below it.
const mostAnswer = 64 << 10

// Client calls one provider. It is safe for many goroutines.
type Client struct {
	http *http.Client
}

// New makes a client with connections of its own, which are kept open between messages.
func New() *Client {
	return &Client{&http.Client{
		Transport: &http.Transport{
			Proxy:       http.ProxyFromEnvironment,
			DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			// With a configuration of one's own there is no HTTP/2, and that is meant: it would put all messages on one
			// connection, and one that died quietly would take them along for minutes. Here it costs one message.
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
			MaxIdleConnsPerHost: 64,
			// Less than the minute after which many load balancers and home routers forget a connection without a word.
			IdleConnTimeout:        50 * time.Second,
			MaxResponseHeaderBytes: 16 << 10},
		// A redirect would carry number, text and password to wherever the answer says.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Answer is what a provider said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends the request. Its error tells how far the request came: message.Unsent or a plain one if nothing was written,
// else message.Doubtful. It holds nothing of the request. Of an answer that is no success, what is too long or was cut
// off is left out: its status says enough.
func (c *Client) Do(ctx context.Context, r *http.Request) (Answer, error) {
	// The headers are written before anything leaves. WroteRequest would come a moment after the last byte did, and a
	// request that ended in that moment would be taken for one that was never made, and be made again.
	var written atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }}
	answer, err := c.http.Do(r.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err != nil {
		return Answer{}, unanswered(ctx, err, written.Load())
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer+1))
	if answer.StatusCode >= 300 {
		return Answer{answer.StatusCode, answer.Header, body[:min(len(body), mostAnswer)]}, nil
	}
	if err != nil {
		return Answer{}, unanswered(ctx, err, true)
	}
	if len(body) > mostAnswer {
		return Answer{}, message.Doubtful(fmt.Errorf("the provider answered %d, with more than can be an answer", answer.StatusCode))
	}
	return Answer{answer.StatusCode, answer.Header, body}, nil
}

// unanswered makes the error of a request that got no whole answer.
func unanswered(ctx context.Context, err error, written bool) error {
	reason := errors.New("the provider cannot be reached: " + kind(err))
	switch {
	case written:
		return message.Doubtful(errors.New("the provider did not answer: " + kind(err)))
	case ctx.Err() != nil:
		return message.Unsent(reason)
	}
	return reason
}

// kind says in words what went wrong. The error itself holds the address, in which some providers want a password.
func kind(err error) string {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var operation *net.OpError
	var address *url.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &address) && address.Timeout():
		return "it took too long"
	case errors.Is(err, context.Canceled):
		return "it was broken off"
	case errors.As(err, &dns):
		return "its name is not known"
	case errors.As(err, &certificate):
		return "its certificate is not to be trusted"
	case errors.As(err, &operation):
		return operation.Op + " failed"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it closed the connection"
	}
	return "the connection failed"
}

// Refusal is what an answer that is no success means, where the provider's own code does not tell more: it is busy (408,
// 429 and 503), it may have the message (other errors of a server), or it refused it and may take another (all else, such
// as a wrong password, which is the administrator's to mend). No status says that a number does not exist: what is
// message.Permanent, the provider has to tell.
func (a Answer) Refusal(code string) error {
	said := fmt.Sprintf("answered %d%s", a.Status, quoted(code))
	switch {
	case a.Status == http.StatusUnauthorized, a.Status == http.StatusForbidden:
		return fmt.Errorf("the provider refused our user name, password or key: it %s", said)
	case a.Status == http.StatusNotFound:
		return fmt.Errorf("the provider knows nothing at this address: it %s; look at the account and the endpoint of the route", said)
	case a.Status < 400:
		return fmt.Errorf("the provider points elsewhere, where nothing is sent: it %s; look at the endpoint of the route", said)
	case a.Status == http.StatusTooManyRequests, a.Status == http.StatusServiceUnavailable:
		return fmt.Errorf("the provider is busy: it %s%s", said, a.wait())
	case a.Status < 500:
		return errors.New("the provider " + said)
	}
	return message.Doubtful(errors.New("the provider " + said))
}

// wait is when a busy provider wants to be asked again (RFC 9110 section 10.2.3), if it gives that in seconds.
func (a Answer) wait() string {
	seconds, err := strconv.ParseUint(a.Header.Get("Retry-After"), 10, 16)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" and wants %d seconds of rest", seconds)
}

// quoted is a provider's code, if it is one: letters, digits and a few signs, short.
func quoted(code string) string {
	if code = Code(code); code == "" {
		return ""
	}
	return " (" + code + ")"
}

// Code is what a provider gave as a code if it looks like one, else empty: what is longer, or has spaces in it, are words,
// which may repeat the number or the text. Nor is a long row of digits one.
func Code(text string) string {
	if len(text) > 40 || strings.ContainsFunc(text, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("._-:", r)
	}) {
		return ""
	}
	digits := 0
	for _, r := range text {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if digits > 6 {
		return ""
	}
	return text
}

// Address joins the address of an interface and a path, and refuses one that is not https, but on this computer. The
// error is for the settings.
func Address(endpoint, usual, path string) (string, error) {
	if endpoint == "" {
		endpoint = usual
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil {
		return "", errors.New("the address of the provider is not one: write it as in https://api.example.com")
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return "", errors.New("the address of the provider has to begin with https://, because numbers and codes go there")
	}
	return strings.TrimSuffix(endpoint, "/") + path, nil
}
