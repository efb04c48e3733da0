package vonage

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/message/web/webtest"
)

const (
	callback    = "https://signin.example.org/callback/phone"
	ours        = "01a20d82-642e-73db-9193-229357aea70c"
	application = "7c9738e6-5b36-4fd4-b9b6-0123456789ab"
	secret      = "a-signature-secret"
)

func text() message.Message {
	return message.Message{ID: ours, Channel: message.SMS, To: "+447700900123", Sender: "Scouts", Body: "123456 is your code", ExpiresAt: time.Now().Add(5 * time.Minute)}
}

// rest is the interface for texts: what it takes, and what it answers.
func rest(t *testing.T, answer string, form *url.Values) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.URL.Path != "/sms/json" || r.URL.RawQuery != "" {
			t.Errorf("there is no %s %s (%v)", r.Method, r.URL, err)
		}
		for name := range r.PostForm {
			if !slices.Contains([]string{"api_key", "api_secret", "to", "from", "text", "type", "ttl", "client-ref", "callback", "status-report-req"}, name) {
				t.Errorf("there is no field %s", name)
			}
		}
		for _, name := range []string{"api_key", "api_secret", "to", "from", "text"} {
			if r.PostForm.Get(name) == "" {
				t.Errorf("it needs the field %s", name)
			}
		}
		if digits := strings.Trim(r.PostForm.Get("to"), "0123456789"); digits != "" {
			t.Errorf("numbers have no %q", digits)
		}
		*form = r.PostForm
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

const taken = `{"message-count":"1","messages":[{"to":"447700900123","message-id":"0A0000000123ABCD1","status":"0","remaining-balance":"3.14","message-price":"0.03"}]}`

func TestATextIsWhatVonageAsksFor(t *testing.T) {
	var form url.Values
	sms, err := NewSMS(SMSConfig{APIKey: "abcd1234", APISecret: "s3cret", SignatureSecret: secret, Callback: callback, Endpoint: rest(t, taken, &form)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	sms.now = func() time.Time { return now }
	for _, row := range []struct {
		body, sender, kind, segments string
		life                         time.Duration
		from, ttl                    string
	}{
		{"123456 is your code", "Scouts", "text", "1", 5 * time.Minute, "Scouts", "300000"},
		{"123456 yw eich côd ŵ", "+447700900001", "unicode", "1", time.Second, "447700900001", "20000"},
		{strings.Repeat("123456 ", 30), "Scouts", "text", "2", 1000 * time.Hour, "Scouts", "259200000"},
	} {
		m := text()
		m.Body, m.Sender, m.ExpiresAt = row.body, row.sender, now.Add(row.life)
		if receipt, err := sms.Send(t.Context(), m); err != nil || receipt != "0A0000000123ABCD1" {
			t.Fatal(receipt, err)
		}
		want := url.Values{"to": {"447700900123"}, "from": {row.from}, "text": {row.body}, "type": {row.kind}, "client-ref": {ours}, "callback": {callback + "/status/" + row.segments},
			"api_key": {"abcd1234"}, "api_secret": {"s3cret"}, "ttl": {row.ttl}}
		if form.Encode() != want.Encode() {
			t.Errorf("asked for %v, want %v", form, want)
		}
	}
	form = nil
	m := text()
	m.Sender = ""
	if _, err := sms.Send(t.Context(), m); err == nil || kind(err) != "plain" || form != nil {
		t.Errorf("without a sender: %v, %v", err, form)
	}
}

func TestWhatVonagesStatusesMean(t *testing.T) {
	status := func(codes ...string) string {
		var parts []string
		for _, code := range codes {
			parts = append(parts, fmt.Sprintf(`{"message-id":"1","status":%q,"error-text":"not for +447700900123"}`, code))
		}
		return `{"messages":[` + strings.Join(parts, ",") + `]}`
	}
	for answer, want := range map[string]string{status("1"): "plain", status("4"): "plain", status("9"): "plain", status("15"): "plain", status("99"): "plain", status("447700900123"): "plain",
		status("6"): "permanent", status("7"): "permanent", status("29"): "permanent", status("5"): "doubtful", status("0", "1"): "doubtful", status("6", "0"): "doubtful",
		"<html>": "doubtful", `{"messages":[]}`: "doubtful", strings.Repeat("+447700900123", 800_000): "doubtful"} {
		var form url.Values
		sms, err := NewSMS(SMSConfig{APIKey: "abcd1234", APISecret: "s3cret", Endpoint: rest(t, answer, &form)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = sms.Send(t.Context(), text())
		if err == nil {
			t.Errorf("%s: no error", answer)
			continue
		}
		if kind(err) != want {
			t.Errorf("%s: %v is %s, want %s", answer, err, kind(err), want)
		}
		for _, canary := range []string{"7700900123", "123456", "s3cret"} {
			if strings.Contains(err.Error(), canary) {
				t.Errorf("%q stands in the error %v", canary, err)
			}
		}
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

// signed is a report as Vonage signs it, written here from its documentation and not from our code.
func signed(values url.Values, with string) url.Values {
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	line := ""
	for _, name := range names {
		line += "&" + name + "=" + strings.ReplaceAll(strings.ReplaceAll(values.Get(name), "&", "_"), "=", "_")
	}
	mac := hmac.New(sha256.New, []byte(with))
	mac.Write([]byte(line))
	values.Set("sig", hex.EncodeToString(mac.Sum(nil)))
	return values
}

func TestReportsOfTexts(t *testing.T) {
	at := time.Now()
	report := func(status, ref string, age time.Duration) url.Values {
		return url.Values{"msisdn": {"447700900123"}, "to": {"Scouts"}, "messageId": {"0A0000000123ABCD1"}, "price": {"0.03330000"}, "status": {status}, "err-code": {"6"}, "api-key": {"abcd1234"},
			"client-ref": {ref}, "timestamp": {strconv.FormatInt(at.Add(-age).Unix(), 10)}, "nonce": {"a=b&c"}}
	}
	other := report("delivered", ours, 0)
	other.Set("api-key", "another")
	changed := signed(report("delivered", ours, 0), secret)
	changed.Set("status", "failed")
	hidden := signed(report("delivered", ours, 0), secret) // two fields in one name: the same text to sign
	hidden.Set("api-key=abcd1234&client-ref", hidden.Get("client-ref"))
	hidden.Del("api-key")
	hidden.Del("client-ref")
	for name, row := range map[string]struct {
		form   url.Values
		status int
		event  message.Event
	}{
		"delivered":             {signed(report("delivered", ours, 0), secret), 204, message.Delivered},
		"known by its receipt":  {signed(report("failed", "", 0), secret), 204, message.Undelivered},
		"expired":               {signed(report("expired", ours, 0), secret), 204, message.Undelivered},
		"a little late":         {signed(report("rejected", ours, 4*time.Minute), secret), 204, message.Undelivered},
		"on its way":            {signed(report("buffered", ours, 0), secret), 204, ""},
		"for another":           {signed(report("delivered", "another", 0), secret), 204, ""},
		"another account":       {signed(other, secret), 204, ""},
		"forged":                {signed(report("delivered", ours, 0), "another"), 403, ""},
		"changed":               {changed, 403, ""},
		"hidden":                {hidden, 403, ""},
		"not signed":            {report("delivered", ours, 0), 403, ""},
		"replayed after a time": {signed(report("delivered", ours, 6*time.Minute), secret), 403, ""},
		"from the future":       {signed(report("delivered", ours, -6*time.Minute), secret), 403, ""},
		"nothing":               {url.Values{}, 403, ""},
	} {
		for _, way := range []string{"GET", "POST", "JSON"} {
			d := &webtest.Desk{Message: text()}
			sms, err := NewSMS(SMSConfig{APIKey: "abcd1234", APISecret: "s3cret", SignatureSecret: secret, Callback: callback, Currency: "EUR"}, d)
			if err != nil {
				t.Fatal(err)
			}
			sms.now = func() time.Time { return at }
			w := httptest.NewRecorder()
			sms.ServeHTTP(w, bring(way, row.form))
			got := d.Reports()
			if w.Code != row.status || (row.event == "") != (len(got) == 0) {
				t.Errorf("%s by %s: status %d, %v", name, way, w.Code, got)
			}
			// The text has two segments, and each is paid.
			if len(got) > 0 && (got[0].Event != row.event || got[0].Cause != "6" || got[0].Cost == nil || *got[0].Cost != 66_600) {
				t.Errorf("%s by %s: %+v", name, way, got[0])
			}
		}
	}
}

// bring is a report of a text with two segments, as Vonage brings it by one of its ways.
func bring(way string, form url.Values) *http.Request {
	switch way {
	case "GET":
		return httptest.NewRequest(http.MethodGet, "/status/2?"+form.Encode(), nil)
	case "POST":
		r := httptest.NewRequest(http.MethodPost, "/status/2", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	values := map[string]any{}
	for name := range form {
		values[name] = form.Get(name)
	}
	if at, err := strconv.Atoi(form.Get("timestamp")); err == nil {
		values["timestamp"] = at // a number, and not 1.79e+09
	}
	body, _ := json.Marshal(values)
	r := httptest.NewRequest(http.MethodPost, "/status/2", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func TestWhatVonageChargedForAText(t *testing.T) {
	for name, row := range map[string]struct {
		price, path, ours string
		want              bill.Money // -1 is not known
	}{
		"two segments":      {"0.0333", "/status/2", "EUR", 66_600},
		"another currency":  {"0.0333", "/status/2", "GBP", -1},
		"an old address":    {"0.0333", "/status", "EUR", -1},
		"many segments":     {"0.0333", "/status/1000000", "EUR", -1},
		"fewer than none":   {"0.0333", "/status/-2", "EUR", -1},
		"no price":          {"", "/status/1", "EUR", -1},
		"words for a price": {"cheap", "/status/1", "EUR", -1},
	} {
		sms := &SMS{SMSConfig: SMSConfig{Currency: row.ours}}
		if got := sms.charge(row.price, row.path); (got == nil) != (row.want < 0) || got != nil && *got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Without the secret nobody can tell whose a report is, so none is asked for and none is taken.
func TestWithoutASignatureSecret(t *testing.T) {
	var form url.Values
	d := &webtest.Desk{Message: text()}
	sms, err := NewSMS(SMSConfig{APIKey: "abcd1234", APISecret: "s3cret", Callback: callback, Endpoint: rest(t, taken, &form)}, d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sms.Send(t.Context(), text()); err != nil || form.Has("callback") {
		t.Errorf("%v, %v", form, err)
	}
	w := httptest.NewRecorder()
	sms.ServeHTTP(w, bring("POST", signed(url.Values{"status": {"delivered"}, "client-ref": {ours}, "timestamp": {strconv.FormatInt(time.Now().Unix(), 10)}}, "")))
	if w.Code != http.StatusForbidden || len(d.Reports()) != 0 {
		t.Errorf("signed with nothing: %d", w.Code)
	}
	huge := httptest.NewRequest(http.MethodPost, "/status/1", strings.NewReader(`{"status":"`+strings.Repeat("x", 1<<20)+`"}`))
	huge.Header.Set("Content-Type", "application/json")
	w = httptest.NewRecorder()
	if sms.ServeHTTP(w, huge); w.Code != http.StatusBadRequest {
		t.Errorf("a megabyte: %d", w.Code)
	}
}

func TestSettingsOfVonage(t *testing.T) {
	_, err := NewVoice(VoiceConfig{Application: "mine", PrivateKey: "key", Callback: "http://a"}, nil)
	for _, want := range []string{"application", "PEM", "signature secret", "https://", "recordings"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not told: %v", want, err)
		}
	}
	if _, err := NewSMS(SMSConfig{Endpoint: "http://rest.example"}, nil); err == nil || !strings.Contains(err.Error(), "API key") || !strings.Contains(err.Error(), "https://") {
		t.Error(err)
	}
}
