package push_test

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
	"woggle/internal/keys/signing"
	"woggle/internal/message/push"
	"woggle/internal/message/push/pushtest"
	"woggle/internal/outgoing"
)

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func sender(t *testing.T) (*push.Sender, *pushtest.Service) {
	d, clock := dbtest.Open(t)
	return &push.Sender{Client: outgoing.Public(true), Signing: signing.New(d, keys.Random(), "Northwold County"), Subject: "https://woggle.example",
		Now: clock.Now}, pushtest.New(t, clock.Now)
}

var knock = push.Message{Payload: []byte(`{"request":"1"}`), TTL: time.Minute, Urgency: push.High, Topic: strings.Repeat("a", 32)}

// The example of RFC 8291 section 5 and appendix A: the same keys and salt give the same bytes, and come out again.
func TestTheExampleOfTheStandard(t *testing.T) {
	const plaintext = "When I grow up, I want to be a watermelon"
	auth, salt := bytesOf(t, "BTBZMqHH6r4Tts7J_aSIgg"), bytesOf(t, "DGv6ra1nlYgDCS1FRnbzlw")
	browser, err := ecdh.P256().NewPrivateKey(bytesOf(t, "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
	if err != nil {
		t.Fatal(err)
	}
	server, err := ecdh.P256().NewPrivateKey(bytesOf(t, "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := push.EncryptWith([]byte(plaintext), browser.PublicKey(), auth, server, salt)
	if err != nil {
		t.Fatal(err)
	}
	want := bytesOf(t, "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"+
		"yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
	if !bytes.Equal(body, want) {
		t.Errorf("encrypted %s", base64.RawURLEncoding.EncodeToString(body))
	}
	if text, err := pushtest.Decrypt(want, browser, auth); err != nil || string(text) != plaintext {
		t.Errorf("decrypted %q, %v", text, err)
	}
}

func TestAPushArrives(t *testing.T) {
	s, service := sender(t)
	for range 2 {
		if err := s.Send(t.Context(), service.Subscription("aisha"), knock); err != nil {
			t.Fatal(err)
		}
	}
	first, second := <-service.Got, <-service.Got
	key, err := s.Key(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if first != second || first.Path != "aisha" || first.Payload != `{"request":"1"}` || first.TTL != 60 || first.Urgency != "high" ||
		first.Topic != knock.Topic || first.Subject != "https://woggle.example" || first.Key != key {
		t.Errorf("what came is %+v", first)
	}
	long := knock
	long.Payload = bytes.Repeat([]byte("x"), push.MostPayload)
	if err := s.Send(t.Context(), service.Subscription("aisha"), long); err != nil || len((<-service.Got).Payload) != push.MostPayload {
		t.Errorf("the longest push: %v", err)
	}
	long.Payload = append(long.Payload, 'x')
	if err := s.Send(t.Context(), service.Subscription("aisha"), long); err == nil {
		t.Error("a longer push is sent")
	}
}

// What a service answers: gone is told, busy is tried once more, and nothing else is.
func TestAnswersOfAService(t *testing.T) {
	for _, row := range []struct {
		name    string
		answers []int
		asked   int
		gone    bool
		sent    bool
	}{
		{"created", nil, 1, false, true},
		{"accepted", []int{http.StatusAccepted}, 1, false, true},
		{"unknown", []int{http.StatusNotFound}, 1, true, false},
		{"gone", []int{http.StatusGone}, 1, true, false},
		{"made for another key", []int{http.StatusForbidden}, 1, true, false},
		{"too large", []int{http.StatusRequestEntityTooLarge}, 1, false, false},
		{"too many", []int{http.StatusTooManyRequests}, 2, false, true},
		{"too many, twice", []int{http.StatusTooManyRequests, http.StatusTooManyRequests}, 2, false, false},
		{"busy, then gone", []int{http.StatusTooManyRequests, http.StatusGone}, 2, true, false},
		{"a redirect", []int{http.StatusTemporaryRedirect}, 1, false, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s, service := sender(t)
			service.Answer(row.answers...)
			err := s.Send(t.Context(), service.Subscription("aisha"), knock)
			if service.Asked() != row.asked || (err == nil) != row.sent || errors.Is(err, push.ErrGone) != row.gone {
				t.Errorf("asked %d times: %v", service.Asked(), err)
			}
		})
	}
}

// It is not tried again when whoever waits has gone.
func TestNobodyWaitsForABusyService(t *testing.T) {
	s, service := sender(t)
	service.Answer(http.StatusTooManyRequests)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if err := s.Send(ctx, service.Subscription("aisha"), knock); err == nil || service.Asked() != 1 {
		t.Errorf("asked %d times: %v", service.Asked(), err)
	}
}

// T63: a subscription leads nowhere inside, and what it leads to nowhere is forgotten.
func TestWhereASubscriptionLeads(t *testing.T) {
	s, service := sender(t)
	s.Client = outgoing.Public(false)
	for _, endpoint := range []string{service.Subscription("x").Endpoint, "https://127.0.0.1/x", "https://10.0.0.1/x", "https://[::1]/x", "https://192.168.0.1/",
		"https://169.254.169.254/latest", "ftp://push.example/x"} {
		sub := service.Subscription("x")
		sub.Endpoint = endpoint
		if err := s.Send(t.Context(), sub, knock); !errors.Is(err, push.ErrGone) {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	if service.Asked() != 0 {
		t.Error("the canary sang")
	}
}

func TestWhatIsNoSubscription(t *testing.T) {
	_, service := sender(t)
	good := service.Subscription("x")
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	padded := good
	padded.Keys.Auth += "=="
	if err := padded.Check(); err != nil {
		t.Errorf("with padding: %v", err)
	}
	for name, change := range map[string]func(*push.Subscription){
		"no address":     func(s *push.Subscription) { s.Endpoint = "" },
		"a path":         func(s *push.Subscription) { s.Endpoint = "/x" },
		"a password":     func(s *push.Subscription) { s.Endpoint = "https://a:b@push.example/" },
		"a long address": func(s *push.Subscription) { s.Endpoint = "https://push.example/" + strings.Repeat("x", 1000) },
		"no key":         func(s *push.Subscription) { s.Keys.P256DH = "" },
		"a short key":    func(s *push.Subscription) { s.Keys.P256DH = s.Keys.P256DH[:40] },
		"not on the curve": func(s *push.Subscription) {
			s.Keys.P256DH = base64.RawURLEncoding.EncodeToString(append([]byte{4}, make([]byte, 64)...))
		},
		"no secret":         func(s *push.Subscription) { s.Keys.Auth = "" },
		"a short secret":    func(s *push.Subscription) { s.Keys.Auth = "AAAA" },
		"a secret in words": func(s *push.Subscription) { s.Keys.Auth = "!!" },
	} {
		bad := good
		change(&bad)
		if err := bad.Check(); !errors.Is(err, push.ErrSubscription) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
