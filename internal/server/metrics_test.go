package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"woggle/internal/db/dbtest"
	"woggle/internal/keys/signing"
	"woggle/internal/server"
)

// The figures are for who has the token, and hold nothing of any person.
func TestMetricsAreForWhoHasTheToken(t *testing.T) {
	d, clock := dbtest.Open(t)
	const token = "a-token-of-the-monitoring"
	s := changed(t, d, clock, func(o *server.Options) { o.MetricsToken, o.Routes = token, carriedBy(&post{}) })
	s.member("aisha", firstUse)
	s.from("198.51.100.1").password("aisha", passphrase).fill("Send me a code", "tel", "07700 900123", "channel", "sms").sees("Enter the code we sent")
	s.to("+447700900123")
	ask := func(authorization string) (int, string) {
		request, err := http.NewRequest(http.MethodGet, s.nodes[0].web.URL+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", authorization)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, string(body)
	}
	for _, wrong := range []string{"", "Bearer", "Bearer ", "Bearer " + token + "x", "Basic " + token} {
		if status, body := ask(wrong); status != http.StatusNotFound || strings.Contains(body, "woggle_") {
			t.Errorf("%q: %d", wrong, status)
		}
	}
	if _, err := s.nodes[0].server.Keys().Active(t.Context(), signing.Federation, signing.RS256); err != nil {
		t.Fatal(err)
	}
	status, body := ask("Bearer " + token)
	for _, want := range []string{`woggle_messages_day{route="post-sms",channel="sms",outcome="taken"} 1`,
		`woggle_codes_entered_day{route="post-sms",channel="sms"} 0`, `woggle_route_failing{route="post-sms",channel="sms"} 0`,
		`woggle_messages_waiting{lane="codes"} 0`, "# TYPE woggle_message_oldest_seconds gauge",
		`woggle_signing_certificate_seconds{use="federation",alg="RS256",state="active"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%d: there is no %s in\n%s", status, want, body)
		}
	}
	if strings.Contains(body, "900123") || strings.Contains(body, "aisha") {
		t.Error("a person can be read in it")
	}
}

// Without a token nobody reads them, whatever they bring.
func TestWithoutATokenThereAreNoMetrics(t *testing.T) {
	one(t, func(s *site) {
		answer, err := http.Get(s.nodes[0].web.URL + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("status %d", answer.StatusCode)
		}
	})
}
