package twilio

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/call"
	"woggle/internal/message/speech"
)

const (
	sid      = "AC0123456789abcdef0123456789abcdef"
	token    = "12345"
	callback = "https://signin.example.org/callback/phone"
	ours     = "01a20d82-642e-73db-9193-229357aea70c"
)

// The example of Twilio's documentation.
func TestTheSignatureIsTheDocumentedOne(t *testing.T) {
	form := url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"}}
	if got := sign(token, "https://mycompany.com/myapp.php?foo=1&bar=2", form); got != "RSOYDt4T1cUTdK1PDd93/VVr8B8=" {
		t.Errorf("signed %s", got)
	}
}

// company is Twilio as its documentation describes it: what it takes, and how it refuses what is wrong.
type company struct {
	t      *testing.T
	status int    // to answer instead of success
	answer string // with this
	forms  []url.Values
}

var allowed = map[string][]string{
	"Messages": {"To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod"},
	"Calls":    {"To", "From", "Url", "Method", "StatusCallback", "StatusCallbackMethod", "StatusCallbackEvent", "Timeout", "TimeLimit", "SendDigits"},
}

func (c *company) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/2010-04-01/Accounts/"+sid+"/"), ".json")
	user, password, ok := r.BasicAuth()
	fields, known := allowed[what]
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || !known || r.URL.RawQuery != "" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		c.t.Errorf("Twilio has no %s %s (%v)", r.Method, r.URL, err)
	}
	if !ok || user != sid || password != token {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"code": 20003, "message": "Authenticate", "status": 401}`)
		return
	}
	for name := range r.PostForm {
		if !slices.Contains(fields, name) {
			c.t.Errorf("%s has no field %s", what, name)
		}
	}
	c.forms = append(c.forms, r.PostForm)
	if c.status != 0 {
		w.WriteHeader(c.status)
		fmt.Fprint(w, c.answer)
		return
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"sid": "SM0123456789abcdef0123456789abcdef", "status": "queued", "error_code": null, "num_segments": "1", "price": null, "to": %q}`, r.PostForm.Get("To"))
}

func open(t *testing.T) (*company, Config) {
	c := &company{t: t}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	recordings, err := speech.New("")
	if err != nil {
		t.Fatal(err)
	}
	return c, Config{AccountSID: sid, AuthToken: token, Callback: callback, Endpoint: s.URL, Organisation: "Northwold County Scouts", Speech: recordings}
}

func text() message.Message {
	return message.Message{ID: ours, Channel: message.SMS, To: "+447700900123", Sender: "Scouts", Body: "123456 is your code", ExpiresAt: time.Now().Add(5 * time.Minute)}
}

func TestATextIsWhatTwilioAsksFor(t *testing.T) {
	c, config := open(t)
	sms, err := NewSMS(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := sms.Send(t.Context(), text())
	if err != nil || receipt != "SM0123456789abcdef0123456789abcdef" {
		t.Fatal(receipt, err)
	}
	form := c.forms[0]
	for name, want := range map[string]string{"To": "+447700900123", "From": "Scouts", "Body": "123456 is your code", "StatusCallback": callback + "/status/" + ours} {
		if form.Get(name) != want {
			t.Errorf("%s is %q", name, form.Get(name))
		}
	}
	if validity := form.Get("ValidityPeriod"); validity != "299" && validity != "300" {
		t.Errorf("it is valid for %q seconds", validity)
	}
}

func TestWhatTwiliosErrorsMean(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		answer string
		want   error // as it is marked; nil is plain
	}{
		"not a number":                   {400, `{"code": 21211, "message": "The 'To' number +447700900123 is not valid", "status": 400}`, message.Permanent(nil)},
		"not a mobile":                   {400, `{"code": 21614, "status": 400}`, message.Permanent(nil)},
		"a country that is not allowed":  {400, `{"code": 21408, "status": 400}`, nil},
		"the person said stop":           {400, `{"code": 21610, "status": 400}`, nil},
		"too many":                       {429, `{"code": 20429, "status": 429}`, nil},
		"a wrong token":                  {401, `{"code": 20003, "status": 401}`, nil},
		"a fault of theirs":              {500, ``, message.Doubtful(nil)},
		"not now":                        {503, `{"code": 20503}`, nil},
		"a success with an error inside": {201, `{"sid": "SM1", "status": "failed", "error_code": 30004}`, nil},
		"a number that is none, inside":  {201, `{"sid": "SM1", "status": "failed", "error_code": 21211}`, message.Permanent(nil)},
		"something else than an answer":  {201, `<html>+447700900123 123456</html>`, message.Doubtful(nil)},
	} {
		c, config := open(t)
		c.status, c.answer = row.status, row.answer
		sms, err := NewSMS(config, nil)
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
		for _, canary := range []string{"7700900123", "123456", token, "Scouts"} {
			if strings.Contains(strings.ReplaceAll(err.Error(), sid, ""), canary) {
				t.Errorf("%s: %q stands in the error %v", name, canary, err)
			}
		}
	}
}

func TestSettingsOfTwilio(t *testing.T) {
	_, good := open(t)
	for want, spoil := range map[string]func(*Config){
		"account SID":       func(c *Config) { c.AccountSID = "AC123" },
		"auth token":        func(c *Config) { c.AuthToken = "" },
		"go together":       func(c *Config) { c.APIKey = "SK0123456789abcdef0123456789abcdef" },
		"API key has to be": func(c *Config) { c.APIKey, c.APISecret = "key", "secret" },
		"messaging service": func(c *Config) { c.Service = "mine" },
		"https://":          func(c *Config) { c.Endpoint = "http://api.twilio.example" },
		"recordings":        func(c *Config) { c.Speech = nil },
	} {
		c := good
		spoil(&c)
		if _, err := NewVoice(c, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	c := good
	c.Callback = "http://signin.example.org/callback/phone"
	if _, err := NewVoice(c, nil); err == nil {
		t.Error("calls without https passed")
	}
}

// desk knows one message.
type desk struct {
	m       message.Message
	gone    bool
	reports []message.Report
	keyed   []string
}

func (d *desk) Report(_ context.Context, r message.Report) error {
	if r.Message != d.m.ID {
		return message.ErrUnknown
	}
	d.reports = append(d.reports, r)
	return nil
}

func (d *desk) Open(_ context.Context, id string) (message.Message, error) {
	switch {
	case id != d.m.ID:
		return message.Message{}, message.ErrUnknown
	case d.gone:
		return message.Message{}, message.ErrGone
	}
	return d.m, nil
}

func (d *desk) Keyed(_ context.Context, id, keys string) (bool, error) {
	if id != d.m.ID {
		return false, message.ErrUnknown
	}
	d.keyed = append(d.keyed, keys)
	return keys == "42", nil
}

func (d *desk) events() (all []message.Event) {
	for _, r := range d.reports {
		all = append(all, r.Event)
	}
	return all
}

// hook sends a form to the provider as Twilio does, signed with the token for the address.
func hook(h http.Handler, address, with string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, strings.TrimPrefix(address, callback), strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", sign(with, address, form))
	r.Host = "evil.example" // is not asked
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Reports count if they are signed, whatever they say and however often they come.
func TestReportsOfTexts(t *testing.T) {
	_, config := open(t)
	for name, row := range map[string]struct {
		address, token string
		form           url.Values
		status         int
		events         []message.Event
	}{
		"delivered":      {callback + "/status/" + ours, token, url.Values{"MessageStatus": {"delivered"}}, 204, []message.Event{message.Delivered}},
		"undelivered":    {callback + "/status/" + ours, token, url.Values{"MessageStatus": {"undelivered"}, "ErrorCode": {"30003"}}, 204, []message.Event{message.Undelivered}},
		"on its way":     {callback + "/status/" + ours, token, url.Values{"MessageStatus": {"sent"}}, 204, nil},
		"forged":         {callback + "/status/" + ours, "54321", url.Values{"MessageStatus": {"undelivered"}}, 403, nil},
		"for another":    {callback + "/status/another", token, url.Values{"MessageStatus": {"delivered"}}, 204, nil},
		"somewhere else": {callback + "/elsewhere", token, url.Values{"MessageStatus": {"delivered"}}, 204, nil},
	} {
		d := &desk{m: text()}
		sms, err := NewSMS(config, d)
		if err != nil {
			t.Fatal(err)
		}
		if w := hook(sms, row.address, row.token, row.form); w.Code != row.status || !slices.Equal(d.events(), row.events) {
			t.Errorf("%s: status %d, events %v", name, w.Code, d.events())
		}
	}
	// What is signed for one address is not for another, nor with more in it.
	d := &desk{m: text()}
	sms, _ := NewSMS(config, d)
	form := url.Values{"MessageStatus": {"delivered"}}
	r := httptest.NewRequest(http.MethodPost, "/status/"+ours, strings.NewReader(form.Encode()+"&ErrorCode=1"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", sign(token, callback+"/status/"+ours, form))
	w := httptest.NewRecorder()
	sms.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || len(d.reports) != 0 {
		t.Errorf("a changed form: status %d, %v", w.Code, d.reports)
	}
}

// line is Twilio's side of a call: it asks what to play, fetches it, and presses keys.
type line struct {
	t     *testing.T
	voice *Voice
	next  string // address that it asks next
	heard []string
	over  bool
}

func (l *line) ask(digits string) {
	l.t.Helper()
	form := url.Values{"CallSid": {"CA1"}}
	if digits != "" {
		form.Set("Digits", digits)
	}
	w := hook(l.voice, l.next, token, form)
	var twiml struct {
		Gather *struct {
			Input  string `xml:"input,attr"`
			Action string `xml:"action,attr"`
			Play   string
		}
		Hangup *struct{}
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &twiml); err != nil || w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" {
		l.t.Fatalf("%d %s %v", w.Code, w.Body, err)
	}
	if strings.Contains(w.Body.String(), "123456") {
		l.t.Error("the code stands in the TwiML")
	}
	if l.over = twiml.Hangup != nil; l.over {
		return
	}
	l.next = twiml.Gather.Action
	r := httptest.NewRequest(http.MethodGet, strings.TrimPrefix(twiml.Gather.Play, callback), nil)
	sound := httptest.NewRecorder()
	l.voice.ServeHTTP(sound, r)
	if sound.Code != 200 || !strings.HasPrefix(sound.Body.String(), "RIFF") || sound.Header().Get("Cache-Control") != "no-store" {
		l.t.Fatalf("%s: %d, %d bytes", twiml.Gather.Play, sound.Code, sound.Body.Len())
	}
	l.heard = append(l.heard, strings.Split(strings.TrimPrefix(twiml.Gather.Play, callback+"/speech/"+ours+"/"), "/")[0])
}

func ring(t *testing.T, approve bool) (*line, *desk) {
	t.Helper()
	c, config := open(t)
	m := message.Message{ID: ours, Channel: message.Voice, To: "+441632960123", Extension: "12", Sender: "+442079460000", Name: "Aisha", Code: "123456", ExpiresAt: time.Now().Add(10 * time.Minute)}
	if approve {
		m.Code, m.Approve = "", true
	}
	d := &desk{m: m}
	voice, err := NewVoice(config, d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := voice.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	form := c.forms[0]
	if form.Get("To") != m.To || form.Get("From") != m.Sender || form.Get("SendDigits") != "ww12" || form.Get("TimeLimit") != "90" {
		t.Errorf("asked for %v", form)
	}
	return &line{t: t, voice: voice, next: form.Get("Url")}, d
}

func TestTheDialogueOfACall(t *testing.T) {
	for name, row := range map[string]struct {
		approve bool
		keys    []string // after each thing heard; empty is silence
		heard   []string // the beginnings of the states
		events  []message.Event
	}{
		"the code is read":     {false, []string{"1", ""}, []string{"code-greeting", "code-reading", "code-goodbye"}, []message.Event{message.Answered, message.Heard}},
		"an answering machine": {false, []string{"", "", ""}, []string{"code-greeting", "code-greeting", "code-greeting", "code-goodbye"}, []message.Event{message.Answered}},
		"it wasn't me":         {false, []string{"9"}, []string{"code-greeting", "code-reported"}, []message.Event{message.Answered, message.Unwanted}},
		"it wasn't me, later":  {false, []string{"1", "9"}, []string{"code-greeting", "code-reading", "code-reported"}, []message.Event{message.Answered, message.Heard, message.Unwanted}},
		"two right digits":     {true, []string{"4", "2"}, []string{"approve-greeting", "approve-greeting", "approve-approved"}, []message.Event{message.Answered, message.Heard}},
		"two wrong digits":     {true, []string{"4", "3"}, []string{"approve-greeting", "approve-greeting", "approve-wrong"}, []message.Event{message.Answered, message.Heard}},
		"approval: not me":     {true, []string{"9"}, []string{"approve-greeting", "approve-reported"}, []message.Event{message.Answered, message.Unwanted}},
	} {
		t.Run(name, func(t *testing.T) {
			l, d := ring(t, row.approve)
			l.ask("")
			for _, key := range row.keys {
				l.ask(key)
			}
			for i := 0; !l.over && i < 5; i++ {
				l.ask("")
			}
			if !l.over {
				t.Error("nobody hangs up")
			}
			fits := len(l.heard) >= len(row.heard)
			for i := range min(len(l.heard), len(row.heard)) {
				fits = fits && strings.HasPrefix(l.heard[i], row.heard[i])
			}
			if !fits || !slices.Equal(d.events(), row.events) {
				t.Errorf("heard %v, events %v", l.heard, d.events())
			}
		})
	}
}

// Of the end of a call the telephone network's words count.
func TestTheEndOfACall(t *testing.T) {
	for status, want := range map[string]message.Event{"busy": message.Busy, "no-answer": message.NoAnswer, "failed": message.Failed, "completed": message.NoKey, "ringing": ""} {
		l, d := ring(t, false)
		if w := hook(l.voice, callback+"/status/"+ours, token, url.Values{"CallStatus": {status}}); w.Code != http.StatusNoContent {
			t.Errorf("%s: %d", status, w.Code)
		}
		if got := d.events(); (want == "") != (len(got) == 0) || want != "" && got[0] != want {
			t.Errorf("%s: %v", status, got)
		}
	}
}

// ticketOf is the secret part of the address of what is heard in a state.
func ticketOf(l *line, where string) string {
	state, err := call.Decode(where)
	if err != nil {
		return "none"
	}
	address := l.voice.dialogue.SpeechAddress(ours, state)
	return strings.TrimSuffix(address[strings.LastIndexByte(address, '/')+1:], ".wav")
}

// Strangers hear nothing: not without a ticket, not with that of another state, and nobody once the code is used.
func TestStrangersHearNothing(t *testing.T) {
	l, d := ring(t, false)
	get := func(path string) int {
		w := httptest.NewRecorder()
		l.voice.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code
	}
	greeting := ticketOf(l, "code-greeting-1")
	for _, path := range []string{"/speech/" + ours + "/code-reading-2/" + greeting + ".wav", "/speech/" + ours + "/code-reading-2/.wav",
		"/speech/" + ours + "/code-greeting-1/" + greeting, "/speech/other/code-greeting-1/" + greeting + ".wav", "/speech/" + ours + "/nonsense/" + ticketOf(l, "nonsense") + ".wav"} {
		if got := get(path); got != http.StatusNotFound {
			t.Errorf("%s: %d", path, got)
		}
	}
	if got := get("/speech/" + ours + "/code-greeting-1/" + greeting + ".wav"); got != 200 {
		t.Errorf("with a ticket: %d", got)
	}
	for _, path := range []string{"/answer/" + ours, "/keys/" + ours + "/code-greeting-1", "/status/" + ours} {
		if got := get(path); got != http.StatusForbidden {
			t.Errorf("%s without a signature: %d", path, got)
		}
	}
	d.gone = true
	if got := get("/speech/" + ours + "/code-greeting-1/" + greeting + ".wav"); got != http.StatusGone {
		t.Errorf("once the code is used: %d", got)
	}
	l.ask("")
	if !l.over {
		t.Error("a call without a code goes on")
	}
	if _, err := l.voice.desk.Keyed(t.Context(), "x", "42"); !errors.Is(err, message.ErrUnknown) {
		t.Error(err)
	}
}
