package vonage

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/speech"
)

const (
	callback    = "https://signin.example.org/callback/phone"
	ours        = "01a20d82-642e-73db-9193-229357aea70c"
	application = "7c9738e6-5b36-4fd4-b9b6-0123456789ab"
	secret      = "a-signature-secret"
)

// desk knows one message.
type desk struct {
	m       message.Message
	reports []message.Report
}

func (d *desk) Report(_ context.Context, r message.Report) error {
	if r.Message != d.m.ID && r.Receipt != "0A0000000123ABCD1" {
		return message.ErrUnknown
	}
	d.reports = append(d.reports, r)
	return nil
}

func (d *desk) Open(_ context.Context, id string) (message.Message, error) {
	if id != d.m.ID {
		return message.Message{}, message.ErrUnknown
	}
	return d.m, nil
}

func (d *desk) Keyed(_ context.Context, id, keys string) (bool, error) {
	return id == d.m.ID && keys == "42", nil
}

func (d *desk) events() (all []message.Event) {
	for _, r := range d.reports {
		all = append(all, r.Event)
	}
	return all
}

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
	for body, kind := range map[string]string{"123456 is your code": "text", "123456 yw eich côd ŵ": "unicode"} {
		m := text()
		m.Body = body
		if receipt, err := sms.Send(t.Context(), m); err != nil || receipt != "0A0000000123ABCD1" {
			t.Fatal(receipt, err)
		}
		for name, want := range map[string]string{"to": "447700900123", "from": "Scouts", "text": body, "type": kind, "client-ref": ours, "callback": callback + "/status", "api_key": "abcd1234", "api_secret": "s3cret"} {
			if form.Get(name) != want {
				t.Errorf("%s is %q", name, form.Get(name))
			}
		}
		if ttl, err := strconv.Atoi(form.Get("ttl")); err != nil || ttl < 290_000 || ttl > 300_000 {
			t.Errorf("it lives for %q ms", form.Get("ttl"))
		}
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
	for answer, want := range map[string]error{status("1"): nil, status("4"): nil, status("9"): nil, status("15"): nil, status("99"): nil, status("6"): message.Permanent(nil),
		status("7"): message.Permanent(nil), status("5"): message.Doubtful(nil), status("0", "1"): message.Doubtful(nil), "<html>": message.Doubtful(nil), `{"messages":[]}`: message.Doubtful(nil)} {
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
		marked := strings.HasPrefix(fmt.Sprintf("%T", err), "message.")
		if marked != (want != nil) || marked && fmt.Sprintf("%T", err) != fmt.Sprintf("%T", want) {
			t.Errorf("%s: %T %v", answer, err, err)
		}
		for _, canary := range []string{"7700900123", "123456", "s3cret"} {
			if strings.Contains(err.Error(), canary) {
				t.Errorf("%q stands in the error %v", canary, err)
			}
		}
	}
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
		return url.Values{"msisdn": {"447700900123"}, "to": {"Scouts"}, "messageId": {"0A0000000123ABCD1"}, "price": {"0.0333"}, "status": {status}, "err-code": {"0"}, "api-key": {"abcd1234"},
			"client-ref": {ref}, "timestamp": {strconv.FormatInt(at.Add(-age).Unix(), 10)}, "nonce": {"a=b&c"}}
	}
	changed := signed(report("delivered", ours, 0), secret)
	changed.Set("status", "failed")
	for name, row := range map[string]struct {
		form   url.Values
		status int
		events []message.Event
	}{
		"delivered":             {signed(report("delivered", ours, 0), secret), 204, []message.Event{message.Delivered}},
		"known by its receipt":  {signed(report("failed", "", 0), secret), 204, []message.Event{message.Undelivered}},
		"on its way":            {signed(report("buffered", ours, 0), secret), 204, nil},
		"forged":                {signed(report("delivered", ours, 0), "another"), 403, nil},
		"changed":               {changed, 403, nil},
		"not signed":            {report("delivered", ours, 0), 403, nil},
		"replayed after a time": {signed(report("delivered", ours, 6*time.Minute), secret), 403, nil},
		"from the future":       {signed(report("delivered", ours, -6*time.Minute), secret), 403, nil},
	} {
		for _, way := range []string{"GET", "POST", "JSON"} {
			d := &desk{m: text()}
			sms, err := NewSMS(SMSConfig{APIKey: "abcd1234", APISecret: "s3cret", SignatureSecret: secret, Callback: callback}, d)
			if err != nil {
				t.Fatal(err)
			}
			sms.now = func() time.Time { return at }
			r := httptest.NewRequest(http.MethodGet, "/status?"+row.form.Encode(), nil)
			switch way {
			case "POST":
				r = httptest.NewRequest(http.MethodPost, "/status", strings.NewReader(row.form.Encode()))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			case "JSON":
				values := map[string]string{}
				for name := range row.form {
					values[name] = row.form.Get(name)
				}
				body, _ := json.Marshal(values)
				r = httptest.NewRequest(http.MethodPost, "/status", strings.NewReader(string(body)))
				r.Header.Set("Content-Type", "application/json")
			}
			w := httptest.NewRecorder()
			sms.ServeHTTP(w, r)
			if w.Code != row.status || !slices.Equal(d.events(), row.events) {
				t.Errorf("%s by %s: status %d, events %v", name, way, w.Code, d.events())
			}
		}
	}
}

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
	next  string
	heard []string
	over  bool
}

func (l *line) hook(address, body, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, strings.TrimPrefix(address, callback), strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	l.voice.ServeHTTP(w, r)
	return w
}

func (l *line) ask(digits string) {
	l.t.Helper()
	body := fmt.Sprintf(`{"dtmf":{"digits":%q,"timed_out":%t},"uuid":"u"}`, digits, digits == "")
	w := l.hook(l.next, body, bearer(secret, "HS256", application, []byte(body), time.Now()))
	var actions []action
	if err := json.Unmarshal(w.Body.Bytes(), &actions); err != nil || w.Code != 200 || strings.Contains(w.Body.String(), "123456") {
		l.t.Fatalf("%d %s %v", w.Code, w.Body, err)
	}
	if l.over = len(actions) == 0; l.over {
		return
	}
	sound := httptest.NewRecorder()
	l.voice.ServeHTTP(sound, httptest.NewRequest(http.MethodGet, strings.TrimPrefix(actions[0].StreamURL[0], callback), nil))
	if sound.Code != 200 || !strings.HasPrefix(sound.Body.String(), "RIFF") || !actions[0].BargeIn {
		l.t.Fatalf("%d, %d bytes", sound.Code, sound.Body.Len())
	}
	l.heard = append(l.heard, strings.Split(strings.TrimPrefix(actions[0].StreamURL[0], callback+"/speech/"+ours+"/"), "/")[0])
	l.next = actions[1].EventURL[0]
}

// ring makes a call and checks that it is asked for as Vonage documents it.
func ring(t *testing.T, approve bool) (*line, *desk) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var asked struct {
		To        []endpoint
		AnswerURL []string `json:"answer_url"`
		Length    int      `json:"length_timer"`
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		part := strings.Split(token, ".")
		hash := sha256.Sum256([]byte(part[0] + "." + part[1]))
		signature, _ := encoding.DecodeString(part[2])
		if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, hash[:], signature); err != nil || r.URL.Path != "/v1/calls" || r.Method != http.MethodPost {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &asked); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"uuid":"63f61863-4a51-4f6b-86e1-46edebcf9356","status":"started","direction":"outbound"}`)
	}))
	t.Cleanup(s.Close)
	recordings, err := speech.New("")
	if err != nil {
		t.Fatal(err)
	}
	m := message.Message{ID: ours, Channel: message.Voice, To: "+441632960123", Extension: "12", Sender: "+442079460000", Name: "Aisha", Code: "123456", ExpiresAt: time.Now().Add(10 * time.Minute)}
	if approve {
		m.Code, m.Approve = "", true
	}
	d := &desk{m: m}
	voice, err := NewVoice(VoiceConfig{Application: application, SignatureSecret: secret, Callback: callback, Endpoint: s.URL, Organisation: "Northwold County Scouts", Speech: recordings,
		PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))}, d)
	if err != nil {
		t.Fatal(err)
	}
	if receipt, err := voice.Send(t.Context(), m); err != nil || receipt != "63f61863-4a51-4f6b-86e1-46edebcf9356" {
		t.Fatal(receipt, err)
	}
	if len(asked.To) != 1 || asked.To[0].Number != "441632960123" || asked.To[0].Keys != "pp12" || asked.Length != 90 {
		t.Errorf("asked for %+v", asked)
	}
	return &line{t: t, voice: voice, next: asked.AnswerURL[0]}, d
}

func TestTheDialogueOfACall(t *testing.T) {
	for name, row := range map[string]struct {
		approve bool
		keys    []string
		last    string
		events  []message.Event
	}{
		"the code is read":     {false, []string{"1"}, "code-goodbye", []message.Event{message.Answered, message.Heard}},
		"an answering machine": {false, nil, "code-goodbye", []message.Event{message.Answered}},
		"it wasn't me":         {false, []string{"9"}, "code-reported", []message.Event{message.Answered, message.Unwanted}},
		"two right digits":     {true, []string{"4", "2"}, "approve-approved", []message.Event{message.Answered, message.Heard}},
		"two wrong digits":     {true, []string{"2", "4"}, "approve-wrong", []message.Event{message.Answered, message.Heard}},
	} {
		t.Run(name, func(t *testing.T) {
			l, d := ring(t, row.approve)
			l.ask("")
			for _, key := range row.keys {
				l.ask(key)
			}
			for i := 0; !l.over && i < 6; i++ {
				l.ask("")
			}
			if !l.over || !strings.HasPrefix(l.heard[len(l.heard)-1], row.last) || !slices.Equal(d.events(), row.events) {
				t.Errorf("heard %v, over %t, events %v", l.heard, l.over, d.events())
			}
		})
	}
}

// Whoever can't sign a request as Vonage does moves no call and hears nothing.
func TestForgedCallbacks(t *testing.T) {
	l, d := ring(t, false)
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
		for _, path := range []string{"/status/" + ours, "/answer/" + ours, "/keys/" + ours + "/code-greeting-1"} {
			if w := l.hook(callback+path, body, token); w.Code != http.StatusForbidden {
				t.Errorf("%s to %s: %d", name, path, w.Code)
			}
		}
	}
	if len(d.reports) != 0 {
		t.Errorf("reports: %+v", d.reports)
	}
	for status, want := range map[string]message.Event{"busy": message.Busy, "timeout": message.NoAnswer, "failed": message.Failed} {
		d.reports = nil
		body := fmt.Sprintf(`{"status":%q,"price":"0.012"}`, status)
		if w := l.hook(callback+"/status/"+ours, body, bearer(secret, "HS256", application, []byte(body), now)); w.Code != http.StatusNoContent || len(d.reports) != 1 || d.reports[0].Event != want || d.reports[0].Cost == nil {
			t.Errorf("%s: %d %+v", status, w.Code, d.reports)
		}
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
