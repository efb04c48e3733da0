// A subscription, and sending to it.
package push

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"woggle/internal/keys/signing"
	"woggle/internal/outgoing"
)

// Subscription is where one browser is reached, as its PushSubscription gives it in JSON.
type Subscription struct {
	Endpoint string `json:"endpoint"`
	Keys     struct {
		P256DH string `json:"p256dh"` // the browser's key, a point of P-256
		Auth   string `json:"auth"`   // 16 bytes that only the browser and we know
	} `json:"keys"`
}

// mostEndpoint bounds the address of a subscription, in bytes.
const mostEndpoint = 1000

// ErrSubscription says that a subscription is none.
var ErrSubscription = errors.New("this is no subscription of a push service")

// ErrGone says that the browser is reached there no more: the subscription is to be forgotten.
var ErrGone = errors.New("the push service does not know this subscription any more")

// Check tells what is wrong with a subscription, of which nothing is believed.
func (s Subscription) Check() error {
	_, _, _, err := s.read()
	return err
}

func (s Subscription) read() (endpoint *url.URL, to *ecdh.PublicKey, auth []byte, err error) {
	endpoint, err = url.Parse(s.Endpoint)
	if err != nil || len(s.Endpoint) > mostEndpoint || endpoint.Host == "" || endpoint.User != nil {
		return nil, nil, nil, fmt.Errorf("%w: its address", ErrSubscription)
	}
	point, err := decode(s.Keys.P256DH)
	if err == nil {
		to, err = ecdh.P256().NewPublicKey(point) // also tells whether the point lies on the curve
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%w: its key", ErrSubscription)
	}
	if auth, err = decode(s.Keys.Auth); err != nil || len(auth) != 16 {
		return nil, nil, nil, fmt.Errorf("%w: its secret", ErrSubscription)
	}
	return endpoint, to, auth, nil
}

// decode takes base64url with padding or without it: browsers differ.
func decode(text string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}

// Urgency is how much a sleeping device should care (RFC 8030 section 5.3).
type Urgency string

// The urgencies that we use.
const (
	Normal Urgency = "normal"
	High   Urgency = "high" // somebody is waiting
)

// Message is what is pushed.
type Message struct {
	Payload []byte        // at most MostPayload
	TTL     time.Duration // how long the service may keep it for a device that sleeps
	Urgency Urgency
	Topic   string // a later message of the same topic takes its place (RFC 8030 section 5.4): up to 32 characters of base64url
}

// Sender sends, in the name of this installation.
type Sender struct {
	Client  *http.Client // of outgoing.Public
	Signing *signing.Store
	Subject string // whom a service may ask about us: an https: or mailto: address
	Now     func() time.Time
}

// Key is what a browser needs to subscribe (applicationServerKey), in base64url.
func (s *Sender) Key(ctx context.Context) (string, error) {
	key, err := s.Signing.Active(ctx, signing.Push, signing.ES256)
	if err != nil {
		return "", err
	}
	public, err := publicKey(key)
	return base64.RawURLEncoding.EncodeToString(public), err
}

const (
	mostPause   = 10 * time.Second // that a service may ask for
	shortPause  = 2 * time.Second  // where it asks for none
	mostNothing = 64 << 10         // bytes of an answer that are read, and not looked at
)

// Send pushes the message, and once more where the service says that it is busy. Its error is ErrGone, ErrSubscription, or
// what went wrong.
func (s *Sender) Send(ctx context.Context, to Subscription, m Message) error {
	pause, err := s.post(ctx, to, m)
	if err == nil || pause == 0 || pause > mostPause {
		return err
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return err
	case <-timer.C:
	}
	_, err = s.post(ctx, to, m)
	return err
}

// post sends once. A pause says after how long it may be tried again.
func (s *Sender) post(ctx context.Context, sub Subscription, m Message) (pause time.Duration, err error) {
	endpoint, to, auth, err := sub.read()
	if err != nil {
		return 0, err
	}
	key, err := s.Signing.Active(ctx, signing.Push, signing.ES256)
	if err != nil {
		return 0, err
	}
	authorization, err := vapid(key, endpoint, s.Subject, s.Now())
	if err != nil {
		return 0, err
	}
	body, err := encrypt(m.Payload, to, auth)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint.String(), bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", authorization)
	r.Header.Set("Content-Encoding", "aes128gcm")
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("TTL", strconv.Itoa(int(m.TTL/time.Second)))
	r.Header.Set("Urgency", string(m.Urgency))
	if m.Topic != "" {
		r.Header.Set("Topic", m.Topic)
	}
	answer, err := s.Client.Do(r)
	if errors.Is(err, outgoing.ErrRefused) { // it leads where no push service is
		return 0, fmt.Errorf("%w: %w", ErrGone, err)
	}
	if err != nil {
		return shortPause, fmt.Errorf("the push service at %s does not answer: %w", endpoint.Host, err)
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, io.LimitReader(answer.Body, mostNothing)) // so that the connection serves again
	return judge(answer, endpoint.Host)
}

func judge(answer *http.Response, host string) (pause time.Duration, err error) {
	status := answer.StatusCode
	if status >= 200 && status < 300 {
		return 0, nil
	}
	err = fmt.Errorf("the push service at %s answers %d", host, status)
	switch {
	case status == http.StatusNotFound, status == http.StatusGone:
		return 0, fmt.Errorf("%w: %w", ErrGone, err)
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		// It was made for another key than ours: one that was changed since (RFC 8292 section 4.2).
		return 0, fmt.Errorf("%w: %w", ErrGone, err)
	case status == http.StatusTooManyRequests, status >= 500:
		pause = shortPause
		if seconds, wrong := strconv.Atoi(answer.Header.Get("Retry-After")); wrong == nil && seconds > 0 {
			pause = time.Duration(min(seconds, 3600)) * time.Second
		}
		return pause, err
	}
	return 0, err
}
