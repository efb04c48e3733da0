package twilio

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/message/web/webtest"
)

func TestATextIsWhatTwilioAsksFor(t *testing.T) {
	c, config := open(t)
	sms, err := NewSMS(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := text()
	now := m.ExpiresAt.Add(-5 * time.Minute)
	sms.now = func() time.Time { return now }
	receipt, err := sms.Send(t.Context(), m)
	if err != nil || receipt != "SM0123456789abcdef0123456789abcdef" {
		t.Fatal(receipt, err)
	}
	want := url.Values{"To": {"+447700900123"}, "From": {"Scouts"}, "Body": {"123456 is your code"}, "StatusCallback": {callback + "/status/" + ours},
		"ValidityPeriod": {"300"}, "SmartEncoded": {"false"}}
	if got := c.forms[0]; got.Encode() != want.Encode() {
		t.Errorf("asked for %v", got)
	}
	m.ExpiresAt = m.ExpiresAt.Add(24 * time.Hour)
	if _, err := sms.Send(t.Context(), m); err != nil || c.forms[1].Has("ValidityPeriod") {
		t.Errorf("of what lives for a day: %v, %v", c.forms[1], err)
	}
}

func TestAKeyAndAMessagingService(t *testing.T) {
	c, config := open(t)
	config.APIKey, config.APISecret, config.Service, config.Callback = key, "a key's secret", "MG0123456789abcdef0123456789abcdef", "http://localhost:8080/callback/phone"
	sms, err := NewSMS(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := text()
	m.Sender = ""
	if _, err := sms.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := c.forms[0]; got.Has("From") || got.Get("MessagingServiceSid") != config.Service {
		t.Errorf("sent by %v", got)
	}
	if c.forms[0].Has("StatusCallback") {
		t.Error("Twilio is told an address that it cannot reach, and would refuse the text")
	}
	config.Service = ""
	if sms, err = NewSMS(config, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := sms.Send(t.Context(), m); err == nil || kind(err) != "plain" || len(c.forms) != 1 {
		t.Errorf("without any sender: %v", err)
	}
}

// kind tells how an error is marked.
func kind(err error) string {
	for name, mark := range map[string]error{"permanent": message.Permanent(err), "doubtful": message.Doubtful(err), "unsent": message.Unsent(err)} {
		if fmt.Sprintf("%T", err) == fmt.Sprintf("%T", mark) {
			return name
		}
	}
	return "plain"
}

// secrets must stand in no error.
func secrets(t *testing.T, name string, err error) {
	t.Helper()
	for _, canary := range []string{"7700900123", "123456", token, "Scouts", sid, "is your code", "localhost", "127.0.0.1"} {
		if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %q stands in the error %q", name, canary, err)
		}
	}
}

func TestWhatTwiliosAnswersMean(t *testing.T) {
	refused := func(status, code int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { refuse(w, status, code) }
	}
	for name, row := range map[string]struct {
		answer func(http.ResponseWriter)
		kind   string
		says   string
	}{
		"not a number":                   {refused(400, 21211), "permanent", "no telephone number"},
		"not a mobile":                   {refused(400, 21614), "permanent", "no mobile number"},
		"a country that is not allowed":  {refused(400, 21408), "permanent", "Geo permissions"},
		"the person said stop":           {refused(400, 21610), "permanent", "STOP"},
		"no way there":                   {refused(400, 21612), "permanent", "21612"},
		"a wrong sender":                 {refused(400, 21606), "plain", "sender"},
		"something new":                  {refused(400, 29999), "plain", "29999"},
		"too many":                       {refused(429, 20429), "plain", "busy"},
		"a wrong token":                  {refused(401, 20003), "plain", "user name, password or key"},
		"a wrong account":                {refused(404, 20404), "plain", "account"},
		"a fault of theirs":              {says(500, ``), "doubtful", "500"},
		"not now":                        {refused(503, 20503), "plain", "busy"},
		"a success with an error inside": {says(201, `{"sid": "SM1", "status": "failed", "error_code": 30001}`), "plain", "30001"},
		"failed without a reason":        {says(201, `{"sid": "SM1", "status": "failed", "error_code": null}`), "plain", "400"},
		"a number that is none, inside":  {says(201, `{"sid": "SM1", "status": "failed", "error_code": 21211}`), "permanent", "21211"},
		"nobody has the number, inside":  {says(201, `{"sid": "SM1", "status": "undelivered", "error_code": 30005}`), "permanent", "nobody"},
		"something else than an answer":  {says(201, `<html>+447700900123 123456</html>`), "doubtful", "is not one of"},
		"nothing":                        {says(201, `{}`), "doubtful", "is not one of"},
		"ten megabytes":                  {says(201, strings.Repeat("+447700900123", 800_000)), "doubtful", "more than"},
		"ten megabytes of refusal":       {says(403, strings.Repeat("+447700900123", 800_000)), "plain", "403"},
		"half an answer": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"sid": "SM1"`)
		}, "doubtful", "closed"},
		"a redirect": {func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, "plain", "elsewhere"},
	} {
		c, config := open(t)
		c.answer = row.answer
		sms, err := NewSMS(config, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = sms.Send(t.Context(), text()); err == nil || kind(err) != row.kind || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want %s and %q", name, err, row.kind, row.says)
		}
		if err != nil {
			secrets(t, name, err)
		}
	}
}

// A company that hangs costs the time that there is, and nobody knows what it has.
func TestACompanyThatHangs(t *testing.T) {
	c, config := open(t)
	done := make(chan struct{})
	c.answer = func(http.ResponseWriter) { <-done }
	sms, err := NewSMS(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = sms.Send(ctx, text())
	close(done)
	if err == nil || kind(err) != "doubtful" {
		t.Fatalf("%v is %s", err, kind(err))
	}
	secrets(t, "it hangs", err)
	if _, err := sms.Send(ctx, text()); err == nil || kind(err) != "unsent" {
		t.Errorf("after the end: %v", err)
	}
}

// Reports count if they are signed, whatever they say and however often they come.
func TestReportsOfTexts(t *testing.T) {
	_, config := open(t)
	status, price := callback+"/status/"+ours, bill.Money(40_000)
	for name, row := range map[string]struct {
		address, token string
		form           url.Values
		status         int
		event          message.Event
		cause          string
		cost           *bill.Money
	}{
		"delivered":          {status, token, url.Values{"MessageStatus": {"delivered"}, "MessageSid": {"SM1"}}, 204, message.Delivered, "", nil},
		"undelivered":        {status, token, url.Values{"MessageStatus": {"undelivered"}, "ErrorCode": {"30003"}}, 204, message.Undelivered, "30003 the telephone is off, or out of reach", nil},
		"a new code":         {status, token, url.Values{"MessageStatus": {"failed"}, "ErrorCode": {"39999"}}, 204, message.Undelivered, "39999", nil},
		"words for a code":   {status, token, url.Values{"MessageStatus": {"failed"}, "ErrorCode": {"+447700900123 is off"}}, 204, message.Undelivered, "", nil},
		"with a price":       {status, token, url.Values{"MessageStatus": {"delivered"}, "Price": {"-0.04"}, "PriceUnit": {"GBP"}}, 204, message.Delivered, "", &price},
		"in dollars":         {status, token, url.Values{"MessageStatus": {"delivered"}, "Price": {"-0.04"}, "PriceUnit": {"USD"}}, 204, message.Delivered, "", nil},
		"on its way":         {status, token, url.Values{"MessageStatus": {"sent"}}, 204, "", "", nil},
		"forged":             {status, "54321", url.Values{"MessageStatus": {"undelivered"}}, 403, "", "", nil},
		"with another field": {status + "?more=1", token, url.Values{"MessageStatus": {"delivered"}, "New": {"a=b&c"}}, 204, message.Delivered, "", nil},
		"for another":        {callback + "/status/another", token, url.Values{"MessageStatus": {"delivered"}}, 204, "", "", nil},
		"somewhere else":     {callback + "/elsewhere", token, url.Values{"MessageStatus": {"delivered"}}, 204, "", "", nil},
	} {
		d := &webtest.Desk{Message: text()}
		sms, err := NewSMS(config, d)
		if err != nil {
			t.Fatal(err)
		}
		w := hook(sms, row.address, row.token, row.form)
		if row.event == "" {
			if w.Code != row.status || len(d.Reports()) != 0 {
				t.Errorf("%s: status %d, %v", name, w.Code, d.Reports())
			}
			continue
		}
		if w.Code != row.status || !slices.Equal(d.Events(), []message.Event{row.event}) {
			t.Errorf("%s: status %d, events %v", name, w.Code, d.Events())
			continue
		}
		got := d.Reports()[0]
		if got.Cause != row.cause || (got.Cost == nil) != (row.cost == nil) || got.Cost != nil && *got.Cost != *row.cost {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAReportIsSignedForItsAddressAndItsForm(t *testing.T) {
	_, config := open(t)
	form := url.Values{"MessageStatus": {"delivered"}}
	good := signature(token, callback+"/status/"+ours, form)
	for name, change := range map[string]func(r *http.Request) *http.Request{
		"more in the form": func(r *http.Request) *http.Request {
			more := httptest.NewRequest(http.MethodPost, "/status/"+ours, strings.NewReader(form.Encode()+"&ErrorCode=1"))
			more.Header = r.Header
			return more
		},
		"another message": func(r *http.Request) *http.Request { r.URL.Path = "/status/another"; return r },
		"a query":         func(r *http.Request) *http.Request { r.URL.RawQuery = "a=1"; return r },
		"no signature":    func(r *http.Request) *http.Request { r.Header.Del("X-Twilio-Signature"); return r },
		"a GET":           func(r *http.Request) *http.Request { r.Method = http.MethodGet; return r },
	} {
		d := &webtest.Desk{Message: text()}
		sms, err := NewSMS(config, d)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, "/status/"+ours, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Twilio-Signature", good)
		w := httptest.NewRecorder()
		sms.ServeHTTP(w, change(r))
		if w.Code != http.StatusForbidden || len(d.Reports()) != 0 {
			t.Errorf("%s: status %d, %v", name, w.Code, d.Reports())
		}
	}
	// Twilio signs https addresses with their port, and has signed them without.
	config.Callback = "https://signin.example.org:8443/callback/phone"
	for _, host := range []string{"signin.example.org:8443", "signin.example.org"} {
		d := &webtest.Desk{Message: text()}
		sms, err := NewSMS(config, d)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodPost, "/status/"+ours, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Twilio-Signature", signature(token, "https://"+host+"/callback/phone/status/"+ours, form))
		w := httptest.NewRecorder()
		if sms.ServeHTTP(w, r); w.Code != http.StatusNoContent || len(d.Reports()) != 1 {
			t.Errorf("signed for %s: %d", host, w.Code)
		}
	}
}

func TestSettingsOfTwilio(t *testing.T) {
	_, good := open(t)
	for want, spoil := range map[string]func(*Config){
		"account SID":       func(c *Config) { c.AccountSID = "AC123" },
		"auth token":        func(c *Config) { c.AuthToken = "" },
		"go together":       func(c *Config) { c.APIKey = key },
		"API key has to be": func(c *Config) { c.APIKey, c.APISecret = "key", "secret" },
		"messaging service": func(c *Config) { c.Service = "mine" },
		"https://":          func(c *Config) { c.Endpoint = "http://api.twilio.example" },
		"recordings":        func(c *Config) { c.Speech = nil },
		"asks us":           func(c *Config) { c.Callback = "http://signin.example.org/callback/phone" },
	} {
		c := good
		spoil(&c)
		if _, err := NewVoice(c, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := NewSMS(Config{}, nil); err == nil {
		t.Error("nothing is enough for texts")
	}
}
