package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"woggle/internal/message"
)

// desk is where reports go in these tests.
type desk struct {
	message.Desk
	known   string // the id that it knows, ours or the gateway's
	reports []message.Report
	broken  error
}

func (d *desk) Report(_ context.Context, r message.Report) error {
	if d.broken != nil {
		return d.broken
	}
	if r.Message != d.known && r.Receipt != d.known {
		return message.ErrUnknown
	}
	d.reports = append(d.reports, r)
	return nil
}

var text = message.Message{ID: "our-id", Channel: message.SMS, To: "+447700900123", Sender: "Scouts & Co", Body: "123456 is \"your\" code\n\n@a.example #123456"}

// asked is a request as the gateway got it.
type asked struct {
	method, query, body, kind, key string
}

func serve(t *testing.T, status int, answer string) (address string, got *asked) {
	got = &asked{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*got = asked{r.Method, r.URL.RawQuery, string(body), r.Header.Get("Content-Type"), r.Header.Get("X-Key")}
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

func send(t *testing.T, c Config) (string, error) {
	t.Helper()
	g, err := New(c, &desk{})
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := g.Send(t.Context(), text)
	if err != nil {
		for _, canary := range []string{"7700900123", "123456", "s3cret", "Scouts"} {
			if strings.Contains(err.Error(), canary) {
				t.Errorf("%q stands in the error: %v", canary, err)
			}
		}
	}
	return receipt, err
}

// Whatever stands in a message arrives at the gateway as it is, and as nothing else.
func TestTheMessageArrivesAsItIs(t *testing.T) {
	address, got := serve(t, 200, "OK")
	if _, err := send(t, Config{URL: address + "/send", Body: "to={to}&text={text}&from={sender}&key={secret}", Secret: "s3cret"}); err != nil {
		t.Fatal(err)
	}
	form, err := url.ParseQuery(got.body)
	if err != nil || got.method != "POST" || form.Get("to") != text.To || form.Get("text") != text.Body || form.Get("from") != text.Sender || form.Get("key") != "s3cret" || len(form) != 4 {
		t.Errorf("%+v", got)
	}
	if _, err := send(t, Config{URL: address + "/send?n={to_digits}&m={text}", Method: "GET", Headers: map[string]string{"X-Key": "Key {secret}"}, Secret: "s3\r\nX: y"}); err != nil {
		t.Fatal(err)
	}
	query, err := url.ParseQuery(got.query)
	if err != nil || got.method != "GET" || got.body != "" || query.Get("n") != "447700900123" || query.Get("m") != text.Body || got.key != "Key s3  X: y" {
		t.Errorf("%+v", got)
	}
	if _, err := send(t, Config{URL: address, ContentType: "application/json", Body: `{"to": ["{to}"], "text": "{text}", "id": "{id}"}`}); err != nil {
		t.Fatal(err)
	}
	if to, _ := lookUp([]byte(got.body), []string{"to", "0"}); to != text.To {
		t.Errorf("%s", got.body)
	}
	if body, _ := lookUp([]byte(got.body), []string{"text"}); body != text.Body || got.kind != "application/json" {
		t.Errorf("%s", got.body)
	}
	if _, err := send(t, Config{URL: address, ContentType: "text/xml", Body: `<sms to="{to}">{text}</sms>`}); err != nil || strings.Contains(got.body, `"your"`) {
		t.Errorf("%s %v", got.body, err)
	}
}

func TestWhatAnAnswerMeans(t *testing.T) {
	for name, row := range map[string]struct {
		status  int
		answer  string
		c       Config
		receipt string
		want    error // its mark; nil is a plain error, or none with taken
		taken   bool
	}{
		"taken":                       {status: 200, answer: "OK", taken: true},
		"taken, with a receipt":       {status: 202, answer: `{"messages":[{"id":"abc"}]}`, c: Config{Receipt: "json:messages.0.id"}, receipt: "abc", taken: true},
		"a receipt in words":          {status: 200, answer: "OK: 77-x", c: Config{Receipt: `OK: (\S+)`}, receipt: "77-x", taken: true},
		"200 with an error inside":    {status: 200, answer: `{"status":"ERR"}`, c: Config{Success: "json:status=OK"}},
		"200 with success inside":     {status: 200, answer: `{"status":"OK"}`, c: Config{Success: "json:status=OK"}, taken: true},
		"200 with a number inside":    {status: 200, answer: `{"code":0}`, c: Config{Success: "json:code=0"}, taken: true},
		"200 without words":           {status: 200, answer: "ERROR 5", c: Config{Success: "contains:SENT"}},
		"another status":              {status: 200, answer: "OK", c: Config{Statuses: []int{201}}},
		"a number that nobody has":    {status: 400, answer: `{"error":"invalid_number"}`, c: Config{Never: "json:error=invalid_number"}, want: message.Permanent(nil)},
		"and one inside of a 200":     {status: 200, answer: "ERR 21", c: Config{Never: "^ERR 21$"}, want: message.Permanent(nil)},
		"a wrong password":            {status: 401},
		"too many":                    {status: 429},
		"a fault of theirs":           {status: 500, want: message.Doubtful(nil)},
		"a page instead of an answer": {status: 200, answer: "<html>", c: Config{Success: "json:status=OK"}},
	} {
		address, _ := serve(t, row.status, row.answer)
		row.c.URL = address + "/?to={to}&text={text}"
		receipt, err := send(t, row.c)
		if (err == nil) != row.taken || receipt != row.receipt {
			t.Errorf("%s: %q %v", name, receipt, err)
		}
		if err != nil && fmt.Sprintf("%T", err) != fmt.Sprintf("%T", either(row.want, err)) {
			t.Errorf("%s: %T", name, err)
		}
		if err != nil && row.want == nil && strings.HasPrefix(fmt.Sprintf("%T", err), "message.") {
			t.Errorf("%s is marked as %T", name, err)
		}
	}
}

// either is the first that there is.
func either(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func TestAGatewayThatHangsCostsItsTime(t *testing.T) {
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer s.Close()
	defer close(stop)
	g, err := New(Config{URL: s.URL + "/{to}{text}"}, &desk{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := g.Send(ctx, text); fmt.Sprintf("%T", err) != fmt.Sprintf("%T", message.Doubtful(nil)) {
		t.Errorf("%T %v", err, err)
	}
}

func TestSettingsOfAGateway(t *testing.T) {
	good := Config{URL: "https://sms.example.com/send", Body: "to={to}&text={text}"}
	for want, spoil := range map[string]func(*Config){
		"https://":      func(c *Config) { c.URL = "http://sms.example.com/send" },
		"{number}":      func(c *Config) { c.Body += "&x={number}" },
		"whom to text":  func(c *Config) { c.Body = "text={text}" },
		"{text}":        func(c *Config) { c.Body = "to={to}" },
		"DELETE":        func(c *Config) { c.Method = "DELETE" },
		"content type":  func(c *Config) { c.ContentType = "image/png" },
		"no JSON":       func(c *Config) { c.ContentType, c.Body = "application/json", `{"to": {to}, "text": {text}` },
		"line break":    func(c *Config) { c.Headers = map[string]string{"X-Key": "a\r\nB: c"} },
		"rule success":  func(c *Config) { c.Success = "(" },
		"at least 20":   func(c *Config) { c.Token = "short" },
		"where it goes": func(c *Config) { c.URL = "https://{sender}.example.com/" },
	} {
		c := good
		spoil(&c)
		if _, err := New(c, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := New(good, nil); err != nil {
		t.Error(err)
	}
}

const token = "aVeryLongTokenThatNobodyGuesses"

// Reports come from who knows the address, and change nothing but what is known of a message.
func TestReportsOfAGateway(t *testing.T) {
	config := Config{URL: "https://sms.example.com/{to}/{text}", Token: token, IDField: "id", StatusField: "status", Delivered: []string{"DELIVRD"}, Undelivered: []string{"UNDELIV", "EXPIRED"}}
	for name, row := range map[string]struct {
		method, path, kind, body string
		status                   int
		event                    message.Event
		broken                   error
	}{
		"delivered":       {"GET", "/" + token + "?id=our-id&status=DELIVRD", "", "", 204, message.Delivered, nil},
		"as a form":       {"POST", "/" + token, "application/x-www-form-urlencoded", "id=our-id&status=EXPIRED", 204, message.Undelivered, nil},
		"as JSON":         {"POST", "/" + token, "application/json", `{"id":"our-id","status":"UNDELIV"}`, 204, message.Undelivered, nil},
		"on its way":      {"GET", "/" + token + "?id=our-id&status=ACCEPTD", "", "", 204, "", nil},
		"unknown message": {"GET", "/" + token + "?id=other&status=DELIVRD", "", "", 204, "", nil},
		"no token":        {"GET", "/?id=our-id&status=DELIVRD", "", "", 404, "", nil},
		"wrong token":     {"GET", "/" + token + "x?id=our-id&status=DELIVRD", "", "", 404, "", nil},
		"nothing in it":   {"GET", "/" + token, "", "", 400, "", nil},
		"broken JSON":     {"POST", "/" + token, "application/json", `{"id":`, 400, "", nil},
		"no database":     {"GET", "/" + token + "?id=our-id&status=DELIVRD", "", "", 503, "", errors.New("gone")},
	} {
		d := &desk{known: "our-id", broken: row.broken}
		g, err := New(config, d)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(row.method, row.path, strings.NewReader(row.body))
		r.Header.Set("Content-Type", row.kind)
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code != row.status {
			t.Errorf("%s: status %d", name, w.Code)
		}
		if got := len(d.reports); (row.event != "") != (got == 1) || got == 1 && d.reports[0].Event != row.event {
			t.Errorf("%s: %+v", name, d.reports)
		}
	}
}
