// The service, and its one browser.
package pushtest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"woggle/internal/message/push"
)

// Message is what came to a browser.
type Message struct {
	Path    string // of the subscription
	Payload string
	TTL     int // seconds
	Urgency string
	Topic   string
	Key     string // whose it is: the sender's, in base64url
	Subject string
}

// Service is a push service with one browser. It is safe for many goroutines.
type Service struct {
	Got chan Message // what was delivered; there is room for many
	now func() time.Time
	web *httptest.Server
	key *ecdh.PrivateKey
	sec []byte

	mu      sync.Mutex
	answers []int // statuses of the next requests, before 201
	asked   int
}

// New starts a service whose clock is now. What is wrong about a request fails the test.
func New(t testing.TB, now func() time.Time) *Service {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{Got: make(chan Message, 100), now: now, key: key, sec: make([]byte, 16)}
	rand.Read(s.sec)
	s.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := s.next()
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "1")
		}
		m, err := s.read(r)
		if err != nil {
			t.Errorf("the push service got a request that is none: %v", err)
			status = http.StatusBadRequest
		}
		if w.WriteHeader(status); status == http.StatusCreated {
			s.Got <- m
		}
	}))
	t.Cleanup(s.web.Close)
	return s
}

// Subscription is a subscription of the browser's, named by the path.
func (s *Service) Subscription(path string) (sub push.Subscription) {
	sub.Endpoint = s.web.URL + "/" + path
	sub.Keys.P256DH = base64.RawURLEncoding.EncodeToString(s.key.PublicKey().Bytes())
	sub.Keys.Auth = base64.RawURLEncoding.EncodeToString(s.sec)
	return sub
}

// Answer makes the next requests be answered so.
func (s *Service) Answer(statuses ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, statuses...)
}

// Asked is how many requests came.
func (s *Service) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *Service) next() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if len(s.answers) == 0 {
		return http.StatusCreated
	}
	status := s.answers[0]
	s.answers = s.answers[1:]
	return status
}

func (s *Service) read(r *http.Request) (m Message, err error) {
	m = Message{Path: strings.TrimPrefix(r.URL.Path, "/"), Urgency: r.Header.Get("Urgency"), Topic: r.Header.Get("Topic")}
	if m.TTL, err = strconv.Atoi(r.Header.Get("TTL")); err != nil || m.TTL < 0 { // RFC 8030 section 5.2
		return m, errors.New("no TTL")
	}
	if len(m.Topic) > 32 {
		return m, errors.New("a topic of more than 32 characters")
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Encoding") != "aes128gcm" {
		return m, errors.New("no POST of aes128gcm")
	}
	if m.Key, m.Subject, err = s.sender(r.Header.Get("Authorization")); err != nil {
		return m, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 4097))
	if err != nil || len(body) > 4096 {
		return m, errors.New("a body of more than 4096 bytes")
	}
	text, err := Decrypt(body, s.key, s.sec)
	m.Payload = string(text)
	return m, err
}

// sender checks who sends (RFC 8292 sections 2 and 3).
func (s *Service) sender(authorization string) (key, subject string, err error) {
	parts, is := strings.CutPrefix(authorization, "vapid ")
	token, key, two := strings.Cut(parts, ", k=")
	token, named := strings.CutPrefix(token, "t=")
	if !is || !two || !named {
		return "", "", fmt.Errorf("authorization of %q", authorization)
	}
	point, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return "", "", err
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return "", "", err
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return "", "", err
	}
	body, err := signed.Verify(public)
	if err != nil {
		return "", "", err
	}
	var claims struct {
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"`
		Subject  string `json:"sub"`
	}
	if err := json.Unmarshal(body, &claims); err != nil {
		return "", "", err
	}
	left := time.Unix(claims.Expires, 0).Sub(s.now())
	if claims.Audience != s.web.URL || left <= 0 || left > 24*time.Hour || claims.Subject == "" {
		return "", "", fmt.Errorf("claims %s", body)
	}
	return key, claims.Subject, nil
}

// Decrypt is what a browser does with the body of a push (RFC 8291 section 3.4, RFC 8188 section 2).
func Decrypt(body []byte, key *ecdh.PrivateKey, auth []byte) ([]byte, error) {
	if len(body) < 21 || len(body) < 21+int(body[20]) {
		return nil, errors.New("no header")
	}
	salt, size, id, record := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:21+int(body[20])], body[21+int(body[20]):]
	if size < 18 || len(record) > int(size) {
		return nil, errors.New("more than one record")
	}
	sender, err := ecdh.P256().NewPublicKey(id)
	if err != nil {
		return nil, err
	}
	shared, err := key.ECDH(sender)
	if err != nil {
		return nil, err
	}
	derive := func(secret, salt []byte, info string, n int) []byte {
		out, err := hkdf.Key(sha256.New, secret, salt, info, n)
		if err != nil {
			panic(err) // unreachable: within HKDF's bound
		}
		return out
	}
	ikm := derive(shared, auth, "WebPush: info\x00"+string(key.PublicKey().Bytes())+string(id), 32)
	block, err := aes.NewCipher(derive(ikm, salt, "Content-Encoding: aes128gcm\x00", 16))
	if err != nil {
		return nil, err
	}
	open, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	text, err := open.Open(nil, derive(ikm, salt, "Content-Encoding: nonce\x00", 12), record, nil)
	if err != nil {
		return nil, err
	}
	end := len(text) - 1
	for end >= 0 && text[end] == 0 {
		end--
	}
	if end < 0 || text[end] != 2 {
		return nil, errors.New("the last record does not end as one")
	}
	return text[:end], nil
}
