package bird

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"woggle/internal/message"
)

const (
	callback = "https://signin.example.org/callback/bird"
	key      = "a-signing-key"
)

func text() message.Message {
	return message.Message{ID: "our-id", Channel: message.SMS, To: "+447700900123", Sender: "Scouts", Body: "123456 is your code", ExpiresAt: time.Now().Add(5 * time.Minute)}
}

func rest(t *testing.T, status int, answer string, order *map[string]any) Config {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/messages" || r.Header.Get("Authorization") != "AccessKey s3cret" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		if err := json.NewDecoder(r.Body).Decode(order); err != nil {
			t.Error(err)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(s.Close)
	return Config{AccessKey: "s3cret", SigningKey: key, Callback: callback, Endpoint: s.URL}
}

func TestATextIsWhatBirdAsksFor(t *testing.T) {
	order := map[string]any{}
	sms, err := New(rest(t, 201, `{"id":"e8077d803532c0b5937c639b60216938","recipients":{"totalSentCount":1}}`, &order), nil)
	if err != nil {
		t.Fatal(err)
	}
	for body, coding := range map[string]string{"123456 is your code": "plain", "côd ŵ": "unicode"} {
		m := text()
		m.Body = body
		receipt, err := sms.Send(t.Context(), m)
		if err != nil || receipt != "e8077d803532c0b5937c639b60216938" {
			t.Fatal(receipt, err)
		}
		for name, want := range map[string]string{"originator": "Scouts", "recipients": "[447700900123]", "body": body, "datacoding": coding, "reference": "our-id", "reportUrl": callback + "/status"} {
			if got := fmt.Sprint(order[name]); got != want {
				t.Errorf("%s is %q", name, got)
			}
		}
		if validity, _ := order["validity"].(float64); validity < 290 || validity > 300 {
			t.Errorf("it is valid for %v s", order["validity"])
		}
	}
}

func TestWhatBirdsErrorsMean(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		answer string
		want   error
	}{
		"a wrong number":           {422, `{"errors":[{"code":9,"description":"no (correct) recipients found: 447700900123","parameter":"recipients"}]}`, message.Permanent(nil)},
		"a wrong sender":           {422, `{"errors":[{"code":9,"description":"x","parameter":"originator"}]}`, nil},
		"a wrong key":              {401, `{"errors":[{"code":2,"description":"Request not allowed (incorrect access_key)","parameter":"access_key"}]}`, nil},
		"no credit":                {402, `{"errors":[{"code":25,"description":"Not enough balance","parameter":null}]}`, nil},
		"too many":                 {429, ``, nil},
		"a fault of theirs":        {500, `{"errors":[{"code":99,"description":"Internal error"}]}`, message.Doubtful(nil)},
		"201 with an error inside": {201, `{"errors":[{"code":25}]}`, nil},
		"201 with something else":  {201, `<html>`, message.Doubtful(nil)},
	} {
		order := map[string]any{}
		sms, err := New(rest(t, row.status, row.answer, &order), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = sms.Send(t.Context(), text())
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		marked := strings.HasPrefix(fmt.Sprintf("%T", err), "message.")
		if marked != (row.want != nil) || marked && fmt.Sprintf("%T", err) != fmt.Sprintf("%T", row.want) {
			t.Errorf("%s: %T %v", name, err, err)
		}
		for _, canary := range []string{"7700900123", "123456", "s3cret"} {
			if strings.Contains(err.Error(), canary) {
				t.Errorf("%q stands in the error %v", canary, err)
			}
		}
	}
}

type desk struct {
	message.Desk
	reports []message.Report
}

func (d *desk) Report(_ context.Context, r message.Report) error {
	if r.Message != "our-id" {
		return message.ErrUnknown
	}
	d.reports = append(d.reports, r)
	return nil
}

// token signs as Bird's documentation says.
func token(with, algorithm, address string, at time.Time) string {
	encode := base64.RawURLEncoding.EncodeToString
	hash := sha256.Sum256([]byte(address))
	claims, _ := json.Marshal(map[string]any{"iss": "MessageBird", "nbf": at.Unix(), "exp": at.Add(time.Minute).Unix(), "jti": "x", "url_hash": hex.EncodeToString(hash[:])})
	text := encode([]byte(fmt.Sprintf(`{"alg":%q,"typ":"JWT"}`, algorithm))) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(with))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

func TestReportsOfTexts(t *testing.T) {
	now := time.Now()
	delivered := "/status?id=e80&reference=our-id&recipient=447700900123&status=delivered"
	for name, row := range map[string]struct {
		path, token string
		status      int
		event       message.Event
	}{
		"delivered":       {delivered, token(key, "HS256", callback+delivered, now), 204, message.Delivered},
		"failed":          {"/status?reference=our-id&status=delivery_failed", token(key, "HS256", callback+"/status?reference=our-id&status=delivery_failed", now), 204, message.Undelivered},
		"on its way":      {"/status?reference=our-id&status=buffered", token(key, "HS256", callback+"/status?reference=our-id&status=buffered", now), 204, ""},
		"unknown":         {"/status?reference=other&status=delivered", token(key, "HS256", callback+"/status?reference=other&status=delivered", now), 204, ""},
		"forged":          {delivered, token("another", "HS256", callback+delivered, now), 403, ""},
		"without a key":   {delivered, token(key, "none", callback+delivered, now), 403, ""},
		"another address": {delivered, token(key, "HS256", callback+"/status?reference=our-id&status=failed", now), 403, ""},
		"old":             {delivered, token(key, "HS256", callback+delivered, now.Add(-5*time.Minute)), 403, ""},
		"not yet":         {delivered, token(key, "HS256", callback+delivered, now.Add(5*time.Minute)), 403, ""},
		"nothing":         {delivered, "", 403, ""},
	} {
		d := &desk{}
		sms, err := New(Config{AccessKey: "s3cret", SigningKey: key, Callback: callback}, d)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, row.path, nil)
		r.Header.Set("MessageBird-Signature-JWT", row.token)
		w := httptest.NewRecorder()
		sms.ServeHTTP(w, r)
		if w.Code != row.status || (row.event != "") != (len(d.reports) == 1) || len(d.reports) == 1 && d.reports[0].Event != row.event {
			t.Errorf("%s: status %d, %+v", name, w.Code, d.reports)
		}
	}
	if _, err := New(Config{Endpoint: "http://bird.example"}, nil); err == nil || !strings.Contains(err.Error(), "access key") {
		t.Error(err)
	}
}
