package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"woggle/internal/message"
)

// secrets stand in the request, and must stand in no error.
const secrets = "key=s3cret&to=%2B447700900123&text=123456"

// marked tells how an error is marked.
func marked(err error) string {
	for name, mark := range map[string]error{"doubtful": message.Doubtful(err), "unsent": message.Unsent(err), "permanent": message.Permanent(err)} {
		if err != nil && fmt.Sprintf("%T", err) == fmt.Sprintf("%T", mark) {
			return name
		}
	}
	return "plain"
}

func ask(t *testing.T, ctx context.Context, address string) (Answer, error) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address+"/send?"+secrets, strings.NewReader(secrets))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := New().Do(ctx, r)
	if err != nil {
		for _, secret := range []string{"s3cret", "7700900123", "123456", "/send"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%q stands in the error: %v", secret, err)
			}
		}
	}
	return answer, err
}

func TestHowFarARequestCame(t *testing.T) {
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	over, end := context.WithCancel(t.Context())
	end()
	deaf, err := net.Listen("tcp", "127.0.0.1:0") // takes no connection off the queue and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	nobody := httptest.NewServer(nil)
	nobody.Close()
	serve := func(h http.HandlerFunc) string {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return s.URL
	}
	stranger := httptest.NewTLSServer(http.NotFoundHandler()) // with a certificate that nobody knows
	stranger.Config.ErrorLog = nil
	defer stranger.Close()
	for name, row := range map[string]struct {
		ctx     context.Context
		address string
		want    string
	}{
		"nobody listens":        {t.Context(), nobody.URL, "plain"},
		"the time is over":      {over, nobody.URL, "unsent"},
		"no answer":             {short, "http://" + deaf.Addr().String(), "doubtful"},
		"a strange certificate": {t.Context(), stranger.URL, "plain"},
		"cut off":               {t.Context(), serve(func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }), "doubtful"},
		"cut off in the middle": {t.Context(), serve(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "half")
		}), "doubtful"},
		"ten megabytes": {t.Context(), serve(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", 10<<20)) }), "doubtful"},
	} {
		if _, err := ask(t, row.ctx, row.address); err == nil || marked(err) != row.want {
			t.Errorf("%s: %v is %s, want %s", name, err, marked(err), row.want)
		}
	}
}

// A redirect is an answer like any other: what was sent goes nowhere else.
func TestNoRedirectIsFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the message went elsewhere") }))
	defer elsewhere.Close()
	here := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer here.Close()
	if answer, err := ask(t, t.Context(), here.URL); err != nil || answer.Status != http.StatusTemporaryRedirect {
		t.Errorf("%d %v", answer.Status, err)
	}
}

func TestWhatARefusalMeans(t *testing.T) {
	for status, want := range map[int]string{400: "plain", 401: "plain", 403: "plain", 408: "plain", 429: "plain", 500: "doubtful", 502: "doubtful", 503: "plain", 302: "plain"} {
		if got := marked(Answer{Status: status}.Refusal("21211")); got != want {
			t.Errorf("%d is %s", status, got)
		}
	}
	if err := (Answer{Status: 401}).Refusal("20003"); !strings.Contains(err.Error(), "user name, password or key") || !strings.Contains(err.Error(), "20003") {
		t.Error(err)
	}
}

func TestOnlyCodesAreRepeated(t *testing.T) {
	for text, want := range map[string]string{"21211": "21211", "InvalidParameter": "InvalidParameter", "a.b-c_d:1": "a.b-c_d:1", "": "",
		"+447700900123": "", "447700900123": "", "no such number": "", "code\n": "", strings.Repeat("x", 41): "", "é": ""} {
		if got := Code(text); got != want {
			t.Errorf("%q gives %q", text, got)
		}
	}
}

func TestAddressesOfProviders(t *testing.T) {
	for endpoint, want := range map[string]string{"": "https://api.example.com/x", "https://eu.example.com/": "https://eu.example.com/x",
		"http://127.0.0.1:8080": "http://127.0.0.1:8080/x", "http://localhost:1": "http://localhost:1/x", "http://[::1]:2": "http://[::1]:2/x"} {
		if got, err := Address(endpoint, "https://api.example.com", "/x"); err != nil || got != want {
			t.Errorf("%q: %q %v", endpoint, got, err)
		}
	}
	for _, endpoint := range []string{"http://api.example.com", "api.example.com", "https://user:pw@example.com", "ftp://127.0.0.1", "https://", "http://127.0.0.1.example.com", ":"} {
		if got, err := Address(endpoint, "", "/x"); err == nil {
			t.Errorf("%q became %q", endpoint, got)
		}
	}
}
