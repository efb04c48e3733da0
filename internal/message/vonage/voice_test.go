package vonage

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/speech"
	"woggle/internal/message/web/webtest"
)

// bearer is a token as Vonage makes it for what it calls back.
func bearer(with, algorithm, app string, body []byte, at time.Time) string {
	hash := sha256.Sum256(body)
	head := encoding.EncodeToString([]byte(fmt.Sprintf(`{"typ":"JWT","alg":%q}`, algorithm)))
	claims, _ := json.Marshal(map[string]any{"iat": at.Unix(), "jti": "x", "iss": "Vonage", "payload_hash": hex.EncodeToString(hash[:]), "api_key": "abcd1234", "application_id": app})
	mac := hmac.New(sha256.New, []byte(with))
	mac.Write([]byte(head + "." + encoding.EncodeToString(claims)))
	return head + "." + encoding.EncodeToString(claims) + "." + encoding.EncodeToString(mac.Sum(nil))
}

// line is Vonage's side of a call.
type line struct {
	t     *testing.T
	voice *Voice
	next  string // address that it asks next
	sound string // address of what it played last
}

func (l *line) hook(address, body, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, strings.TrimPrefix(address, callback), strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	l.voice.ServeHTTP(w, r)
	return w
}

// Next implements webtest.Network.
func (l *line) Next(key string) (sound []byte, over bool) {
	l.t.Helper()
	body := `{"to":"441632960123","from":"442079460000","uuid":"u","conversation_uuid":"CON-u"}`
	if l.sound != "" {
		body = fmt.Sprintf(`{"speech":{"results":[]},"dtmf":{"digits":%q,"timed_out":%t},"from":"442079460000","to":"441632960123","uuid":"u","timestamp":"2026-11-24T12:00:00.069Z"}`, key, key == "")
	}
	w := l.hook(l.next, body, bearer(secret, "HS256", application, []byte(body), time.Now()))
	var actions []struct {
		Action    string
		StreamURL []string
		BargeIn   bool
		Type      []string
		DTMF      map[string]int
		EventURL  []string
	}
	in := json.NewDecoder(strings.NewReader(w.Body.String()))
	in.DisallowUnknownFields()
	if err := in.Decode(&actions); err != nil || w.Code != 200 || strings.Contains(w.Body.String(), "402917") || w.Header().Get("Cache-Control") != "no-store" {
		l.t.Fatalf("%s: %d %s %v", l.next, w.Code, w.Body, err)
	}
	if len(actions) == 0 {
		return nil, true
	}
	// A stream that may be interrupted has to be followed by an input.
	stream, input := actions[0], actions[1]
	if len(actions) != 2 || stream.Action != "stream" || !stream.BargeIn || len(stream.StreamURL) != 1 || input.Action != "input" || !slices.Equal(input.Type, []string{"dtmf"}) ||
		input.DTMF["maxDigits"] != 1 || input.DTMF["timeOut"] < 1 || input.DTMF["timeOut"] > 10 || len(input.EventURL) != 1 {
		l.t.Fatalf("Vonage is told %s", w.Body)
	}
	l.next, l.sound = input.EventURL[0], stream.StreamURL[0]
	got := l.fetch(l.sound)
	if got.Code != 200 || got.Header().Get("Content-Type") != "audio/wav" || got.Header().Get("Cache-Control") != "no-store" {
		l.t.Fatalf("%s: %d %v", l.sound, got.Code, got.Header())
	}
	return got.Body.Bytes(), false
}

// fetch gets a sound, as Vonage does: without signing for it.
func (l *line) fetch(address string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	l.voice.ServeHTTP(w, httptest.NewRequest(http.MethodGet, strings.TrimPrefix(address, callback), nil))
	return w
}

// calls is the interface for calls: what it takes, and what it answers.
type calls struct {
	t      *testing.T
	public *rsa.PublicKey
	status int
	answer string
	orders []map[string]any
}

func (c *calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	part := strings.Split(token, ".")
	if len(part) != 3 || r.URL.Path != "/v1/calls" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		c.t.Errorf("there is no %s %s with the token %q", r.Method, r.URL, token)
		return
	}
	hash := sha256.Sum256([]byte(part[0] + "." + part[1]))
	signature, _ := encoding.DecodeString(part[2])
	if err := rsa.VerifyPKCS1v15(c.public, crypto.SHA256, hash[:], signature); err != nil {
		c.t.Error(err)
	}
	head, _ := encoding.DecodeString(part[0])
	text, _ := encoding.DecodeString(part[1])
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil || string(head) != `{"alg":"RS256","typ":"JWT"}` || claims["application_id"] != application || claims["jti"] == "" ||
		claims["exp"].(float64)-claims["iat"].(float64) > 24*3600 {
		c.t.Errorf("the token says %s %s: %v", head, text, err)
	}
	var order map[string]any
	if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
		c.t.Error(err)
	}
	for name := range order {
		if !slices.Contains([]string{"to", "from", "answer_url", "answer_method", "event_url", "event_method", "ringing_timer", "length_timer", "machine_detection"}, name) {
			c.t.Errorf("there is no field %s", name)
		}
	}
	c.orders = append(c.orders, order)
	if c.answer != "" {
		w.WriteHeader(c.status)
		fmt.Fprint(w, c.answer)
		return
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprint(w, `{"uuid":"63f61863-4a51-4f6b-86e1-46edebcf9356","status":"started","direction":"outbound","conversation_uuid":"CON-f972836a-550f-45fa-956c-12a2ab5b7d22"}`)
}

// open starts the interface for calls, and a provider for it.
func open(t *testing.T, d message.Desk) (*calls, *Voice) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &calls{t: t, public: &key.PublicKey}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	voice, err := NewVoice(VoiceConfig{Application: application, SignatureSecret: secret, Callback: callback, Endpoint: s.URL, Currency: "EUR", Organisation: webtest.Organisation, Speech: recordings(t),
		PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))}, d)
	if err != nil {
		t.Fatal(err)
	}
	return c, voice
}

func recordings(t *testing.T) *speech.Library {
	t.Helper()
	library, err := speech.New("")
	if err != nil {
		t.Fatal(err)
	}
	return library
}

// ring has us make the desk's call.
func ring(t *testing.T, d *webtest.Desk) *line {
	t.Helper()
	c, voice := open(t, d)
	if receipt, err := voice.Send(t.Context(), d.Message); err != nil || receipt != "63f61863-4a51-4f6b-86e1-46edebcf9356" {
		t.Fatal(receipt, err)
	}
	return &line{t: t, voice: voice, next: c.orders[0]["answer_url"].([]any)[0].(string)}
}

func TestWalksThroughACall(t *testing.T) {
	library := recordings(t)
	webtest.Walk(t, library, sound(library), func(t *testing.T, d *webtest.Desk) webtest.Network { return ring(t, d) })
}

func TestACallIsWhatVonageAsksFor(t *testing.T) {
	c, voice := open(t, nil)
	m := webtest.Call(false)
	if _, err := voice.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"to": []any{map[string]any{"type": "phone", "number": "441632960123", "dtmfAnswer": "pp12"}}, "from": map[string]any{"type": "phone", "number": "442079460000"},
		"answer_url": []any{callback + "/answer/" + ours + "/cy"}, "answer_method": "POST", "event_url": []any{callback + "/status/" + ours}, "event_method": "POST",
		"ringing_timer": 35.0, "length_timer": 90.0}
	if !reflect.DeepEqual(c.orders[0], want) {
		t.Errorf("asked for %v", c.orders[0])
	}
	for answer, row := range map[string]struct {
		status int
		kind   string
		says   string
	}{
		`{"title":"Unauthorized","detail":"+441632960123 402917"}`: {401, "plain", "user name, password or key"},
		`{"title":"Bad Request","invalid_parameters":[]}`:          {400, "plain", "400"},
		`{"title":"Too many","detail":"s3cret"}`:                   {429, "plain", "busy"},
		`{"title":"Oh no"}`:                                        {500, "doubtful", "500"},
		`<html>+441632960123</html>`:                               {201, "doubtful", "is not one of"},
		`{"status":"started"}`:                                     {201, "doubtful", "is not one of"},
		`{"uuid":"u","status":"failed"}`:                           {201, "plain", "failed"},
	} {
		c.status, c.answer = row.status, answer
		_, err := voice.Send(t.Context(), m)
		if err == nil || kind(err) != row.kind || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want %s", answer, err, row.kind)
			continue
		}
		for _, canary := range []string{"1632960123", "402917", "s3cret", secret, "Margaret"} {
			if strings.Contains(err.Error(), canary) {
				t.Errorf("%q stands in the error %v", canary, err)
			}
		}
	}
	asked := len(c.orders)
	m.Sender = ""
	if _, err := voice.Send(t.Context(), m); err == nil || kind(err) != "plain" || len(c.orders) != asked {
		t.Errorf("without a sender: %v", err)
	}
}

// The samples are those of G.711, and the file is one that Vonage plays.
func TestSounds(t *testing.T) {
	for sample, want := range map[byte]int16{0x00: -32124, 0x80: 32124, 0xff: 0, 0x7f: 0, 0xfe: 8, 0x7e: -8, 0xef: 132, 0x6f: -132} {
		if got := expand(sample); got != want {
			t.Errorf("%#x is %d, want %d", sample, got, want)
		}
	}
	file := wav([]byte{0x00, 0xff, 0x80})
	want := "RIFF\x2a\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x06\x00\x00\x00\x84\x82\x00\x00\x7c\x7d"
	if string(file) != want {
		t.Errorf("%q", file)
	}
}

// Who has no ticket hears nothing, and nobody does once the code was used.
func TestStrangersHearNothing(t *testing.T) {
	d := &webtest.Desk{Message: webtest.Call(false)}
	l := ring(t, d)
	l.Next("")
	greeting := l.sound
	l.Next("1")
	reading := l.sound
	ticket := func(address string) string { return address[strings.LastIndexByte(address, '/'):] }
	for name, address := range map[string]string{
		"another state's ticket": strings.TrimSuffix(reading, ticket(reading)) + ticket(greeting),
		"another message":        strings.Replace(reading, ours, "01a20d82-642e-73db-9193-229357aea70d", 1),
		"no ticket":              strings.TrimSuffix(reading, ticket(reading)) + "/.wav",
		"too little":             callback + "/speech/" + ours,
	} {
		if w := l.fetch(address); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	d.Enter()
	if w := l.fetch(reading); w.Code != http.StatusGone {
		t.Errorf("once the code was used: %d", w.Code)
	}
}

// Whoever can't sign a request as Vonage does moves no call and hears nothing.
func TestForgedCallbacks(t *testing.T) {
	d := &webtest.Desk{Message: webtest.Call(false)}
	l := ring(t, d)
	body := `{"status":"completed"}`
	now := time.Now()
	for name, token := range map[string]string{
		"another secret":      bearer("another", "HS256", application, []byte(body), now),
		"no signature":        bearer(secret, "none", application, []byte(body), now),
		"another body":        bearer(secret, "HS256", application, []byte(`{"status":"busy"}`), now),
		"old":                 bearer(secret, "HS256", application, []byte(body), now.Add(-6*time.Minute)),
		"another application": bearer(secret, "HS256", "00000000-0000-0000-0000-000000000000", []byte(body), now),
		"nothing":             "",
		"half":                "a.b",
	} {
		for _, path := range []string{"/status/" + ours, "/answer/" + ours + "/en", "/keys/" + ours + "/en/code-greeting-1"} {
			if w := l.hook(callback+path, body, token); w.Code != http.StatusForbidden {
				t.Errorf("%s to %s: %d", name, path, w.Code)
			}
		}
	}
	if len(d.Reports()) != 0 {
		t.Errorf("reports: %+v", d.Reports())
	}
	huge := `{"status":"completed","detail":"` + strings.Repeat("x", 10<<20) + `"}`
	if w := l.hook(callback+"/status/"+ours, huge, bearer(secret, "HS256", application, []byte(huge), now)); w.Code != http.StatusForbidden || len(d.Reports()) != 0 {
		t.Errorf("ten megabytes: %d", w.Code)
	}
	if w := l.hook(callback+"/nothing", body, bearer(secret, "HS256", application, []byte(body), now)); w.Code != http.StatusNotFound {
		t.Errorf("nowhere: %d", w.Code)
	}
	if w := l.hook(callback+"/status/"+ours, "half", bearer(secret, "HS256", application, []byte("half"), now)); w.Code != http.StatusBadRequest {
		t.Errorf("no JSON: %d", w.Code)
	}
}

func TestTheEndOfACall(t *testing.T) {
	for status, want := range map[string]message.Event{"busy": message.Busy, "rejected": message.Failed, "timeout": message.NoAnswer, "unanswered": message.NoAnswer, "cancelled": message.NoAnswer,
		"failed": message.Failed, "completed": message.NoKey, "started": "", "ringing": "", "answered": "", "machine": ""} {
		d := &webtest.Desk{Message: webtest.Call(false)}
		l := ring(t, d)
		body := fmt.Sprintf(`{"status":%q,"price":"0.01200001","rate":"0.04500000","duration":"16","detail":"cannot_route","direction":"outbound"}`, status)
		for range 2 { // it may come twice
			if w := l.hook(callback+"/status/"+ours, body, bearer(secret, "HS256", application, []byte(body), time.Now())); w.Code != http.StatusNoContent {
				t.Errorf("%s: %d", status, w.Code)
			}
		}
		got := d.Reports()
		if want == "" && len(got) != 0 || want != "" && (len(got) != 2 || got[0].Event != want || got[0].Cause != "cannot_route" || got[0].Cost == nil || *got[0].Cost != 12_001) {
			t.Errorf("%s: %+v", status, got)
		}
	}
	d := &webtest.Desk{Message: webtest.Call(false)}
	l := ring(t, d)
	l.voice.Currency = "GBP"
	body := `{"status":"completed","price":"0.012"}`
	if l.hook(callback+"/status/"+ours, body, bearer(secret, "HS256", application, []byte(body), time.Now())); len(d.Reports()) != 1 || d.Reports()[0].Cost != nil {
		t.Errorf("euros count as pounds: %+v", d.Reports())
	}
	d.Broken = errors.New("the database is away")
	if w := l.hook(callback+"/status/"+ours, body, bearer(secret, "HS256", application, []byte(body), time.Now())); w.Code != http.StatusServiceUnavailable {
		t.Errorf("Vonage is not asked to come again: %d", w.Code)
	}
}
