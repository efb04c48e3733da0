package twilio

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/speech"
	"woggle/internal/message/web/webtest"
)

const (
	sid      = "AC0123456789abcdef0123456789abcdef"
	key      = "SK0123456789abcdef0123456789abcdef"
	token    = "12345"
	callback = "https://signin.example.org/callback/phone"
	ours     = "01a20d82-642e-73db-9193-229357aea70c"
)

// company is Twilio as its documentation describes it: what it takes, and how it refuses what is wrong.
type company struct {
	t      *testing.T
	answer func(w http.ResponseWriter) // instead of success
	forms  []url.Values
}

// allowed are the fields of each interface that we may know, needed those without which it refuses.
var (
	allowed = map[string][]string{
		"Messages": {"To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod", "SmartEncoded"},
		"Calls":    {"To", "From", "Url", "Method", "StatusCallback", "StatusCallbackMethod", "StatusCallbackEvent", "Timeout", "TimeLimit", "SendDigits"},
	}
	needed = map[string][]string{"Messages": {"To", "Body"}, "Calls": {"To", "From", "Url"}}
)

func (c *company) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/2010-04-01/Accounts/"+sid+"/"), ".json")
	fields, known := allowed[what]
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || !known || r.URL.RawQuery != "" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		c.t.Errorf("Twilio has no %s %s (%v)", r.Method, r.URL, err)
	}
	user, password, _ := r.BasicAuth()
	if (user != sid || password != token) && (user != key || password != "a key's secret") {
		refuse(w, http.StatusUnauthorized, 20003)
		return
	}
	for name, values := range r.PostForm {
		if !slices.Contains(fields, name) || len(values) != 1 {
			c.t.Errorf("%s has no field %s with %d values", what, name, len(values))
		}
	}
	for _, name := range needed[what] {
		if r.PostForm.Get(name) == "" {
			c.t.Errorf("%s needs the field %s", what, name)
		}
	}
	if r.PostForm.Get("From") == "" && r.PostForm.Get("MessagingServiceSid") == "" {
		refuse(w, http.StatusBadRequest, 21603)
		return
	}
	c.forms = append(c.forms, r.PostForm)
	if c.answer != nil {
		c.answer(w)
		return
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"sid": "SM0123456789abcdef0123456789abcdef", "status": "queued", "error_code": null, "num_segments": "1", "price": null, "to": %q}`, r.PostForm.Get("To"))
}

// refuse answers as Twilio does, which likes to repeat whom it refused.
func refuse(w http.ResponseWriter, status, code int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code": %d, "message": "+447700900123: 123456 is your code", "more_info": "https://www.twilio.com/docs/errors/%d", "status": %d}`, code, code, status)
}

// says answers with a status and a body.
func says(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// open starts the company, and returns it with a good configuration.
func open(t *testing.T) (*company, Config) {
	c := &company{t: t}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	recordings, err := speech.New("")
	if err != nil {
		t.Fatal(err)
	}
	return c, Config{AccountSID: sid, AuthToken: token, Callback: callback, Endpoint: s.URL, Currency: "GBP", Organisation: webtest.Organisation, Speech: recordings}
}

func text() message.Message {
	return message.Message{ID: ours, Channel: message.SMS, To: "+447700900123", Sender: "Scouts", Body: "123456 is your code", ExpiresAt: time.Now().Add(5 * time.Minute)}
}

// signature is Twilio's, written here from its documentation and not from our code.
func signature(with, address string, form url.Values) string {
	var lines []string
	for name := range form {
		lines = append(lines, name+form.Get(name))
	}
	slices.Sort(lines)
	mac := hmac.New(sha1.New, []byte(with))
	_, _ = io.WriteString(mac, address+strings.Join(lines, ""))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// hook sends a form to the provider as Twilio does, signed with the token for the address.
func hook(h http.Handler, address, with string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, strings.TrimPrefix(address, callback), strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", signature(with, address, form))
	r.Host = "evil.example" // is not asked
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// fetch gets a sound as Twilio does.
func fetch(h http.Handler, address, with string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, strings.TrimPrefix(address, callback), nil)
	r.Header.Set("X-Twilio-Signature", signature(with, address, nil))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// The example of Twilio's documentation.
func TestTheSignatureIsTheDocumentedOne(t *testing.T) {
	address := "https://mycompany.com/myapp.php?foo=1&bar=2"
	form := url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"}}
	const want = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
	if got := sign(token, address, form); got != want {
		t.Errorf("we sign %s", got)
	}
	if got := signature(token, address, form); got != want {
		t.Errorf("the test signs %s", got)
	}
}
