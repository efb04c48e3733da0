package twilio

import (
	"encoding/xml"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"woggle/internal/message"
	"woggle/internal/message/web/webtest"
)

// line is Twilio's side of a call: it asks what to play, fetches it, and tells keys.
type line struct {
	t     *testing.T
	voice *Voice
	next  string // address that it asks next
	sound string // address of what it played last
}

// Next implements webtest.Network.
func (l *line) Next(key string) (sound []byte, over bool) {
	l.t.Helper()
	form := url.Values{"CallSid": {"CA1"}, "To": {"+441632960123"}}
	if key != "" {
		form.Set("Digits", key)
	}
	w := hook(l.voice, l.next, token, form)
	if strings.Contains(w.Body.String(), "402917") {
		l.t.Error("the code stands in the TwiML")
	}
	var twiml struct {
		XMLName xml.Name `xml:"Response"`
		Gather  *struct {
			Input   string `xml:"input,attr"`
			Digits  string `xml:"numDigits,attr"`
			Finish  string `xml:"finishOnKey,attr"`
			OnEmpty string `xml:"actionOnEmptyResult,attr"`
			Method  string `xml:"method,attr"`
			Action  string `xml:"action,attr"`
			Play    string
		}
		Hangup *struct{}
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &twiml); err != nil || w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/xml") || w.Header().Get("Cache-Control") != "no-store" {
		l.t.Fatalf("%s: %d %s %v", l.next, w.Code, w.Body, err)
	}
	if twiml.Hangup != nil {
		return nil, true
	}
	// Without actionOnEmptyResult Twilio would go on after the Gather, and with a finishing key the # would be lost.
	if g := twiml.Gather; g.Input != "dtmf" || g.Digits != "1" || g.OnEmpty != "true" || g.Finish != "" || g.Method != "POST" || !strings.Contains(w.Body.String(), `finishOnKey=""`) {
		l.t.Fatalf("Twilio is told %s", w.Body)
	}
	l.next, l.sound = twiml.Gather.Action, twiml.Gather.Play
	got := fetch(l.voice, l.sound, token)
	if got.Code != 200 || got.Header().Get("Content-Type") != "audio/wav" || got.Header().Get("Cache-Control") != "no-store" {
		l.t.Fatalf("%s: %d %v", l.sound, got.Code, got.Header())
	}
	return got.Body.Bytes(), false
}

// ring has us make the desk's call.
func ring(t *testing.T, d *webtest.Desk) *line {
	t.Helper()
	c, config := open(t)
	voice, err := NewVoice(config, d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := voice.Send(t.Context(), d.Message); err != nil {
		t.Fatal(err)
	}
	return &line{t: t, voice: voice, next: c.forms[0].Get("Url")}
}

func TestWalksThroughACall(t *testing.T) {
	_, config := open(t)
	webtest.Walk(t, config.Speech, config.Speech.WAV, func(t *testing.T, d *webtest.Desk) webtest.Network { return ring(t, d) })
}

func TestACallIsWhatTwilioAsksFor(t *testing.T) {
	c, config := open(t)
	voice, err := NewVoice(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := webtest.Call(false)
	if _, err := voice.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	want := url.Values{"To": {m.To}, "From": {m.Sender}, "Url": {callback + "/answer/" + ours + "/cy"}, "Method": {"POST"}, "StatusCallback": {callback + "/status/" + ours},
		"StatusCallbackMethod": {"POST"}, "StatusCallbackEvent": {"completed"}, "Timeout": {"35"}, "TimeLimit": {"90"}, "SendDigits": {"ww12"}}
	if got := c.forms[0]; got.Encode() != want.Encode() {
		t.Errorf("asked for %v", got)
	}
	m.Extension = ""
	if _, err := voice.Send(t.Context(), m); err != nil || c.forms[1].Has("SendDigits") {
		t.Errorf("without an extension: %v, %v", c.forms[1], err)
	}
	m.Sender = ""
	if _, err := voice.Send(t.Context(), m); err == nil || kind(err) != "plain" || len(c.forms) != 2 {
		t.Errorf("without a sender: %v", err)
	}
	c.answer = func(w http.ResponseWriter) { refuse(w, http.StatusBadRequest, 13227) }
	m.Sender = "+442079460000"
	if _, err := voice.Send(t.Context(), m); err == nil || kind(err) != "permanent" || !strings.Contains(err.Error(), "Geo permissions") || strings.Contains(err.Error(), "402917") {
		t.Errorf("to a country that is switched off: %v", err)
	}
}

// Of the end of a call the telephone network's words count.
func TestTheEndOfACall(t *testing.T) {
	for status, want := range map[string]message.Event{"busy": message.Busy, "no-answer": message.NoAnswer, "canceled": message.NoAnswer, "failed": message.Failed,
		"completed": message.NoKey, "ringing": "", "new": ""} {
		d := &webtest.Desk{Message: webtest.Call(false)}
		l := ring(t, d)
		for range 2 { // it may come twice
			if w := hook(l.voice, callback+"/status/"+ours, token, url.Values{"CallStatus": {status}, "SipResponseCode": {"486"}, "CallDuration": {"12"}}); w.Code != http.StatusNoContent {
				t.Errorf("%s: %d", status, w.Code)
			}
		}
		if got := d.Reports(); want == "" && len(got) != 0 || want != "" && (len(got) != 2 || got[0].Event != want || got[0].Cause != "486") {
			t.Errorf("%s: %v", status, got)
		}
	}
}

// Strangers hear nothing and move nothing: not without a signature, and not with another address's ticket.
func TestStrangersHearNothing(t *testing.T) {
	d := &webtest.Desk{Message: webtest.Call(false)}
	l := ring(t, d)
	answer := l.next
	l.Next("")
	greeting := l.sound
	l.Next("1")
	reading := l.sound
	told := len(d.Reports())
	ticket := func(address string) string { return address[strings.LastIndexByte(address, '/'):] }
	for name, address := range map[string]string{
		"another state's ticket":   strings.TrimSuffix(reading, ticket(reading)) + ticket(greeting),
		"another language":         strings.Replace(reading, "/cy/", "/en/", 1),
		"another message":          strings.Replace(reading, ours, "01a20d82-642e-73db-9193-229357aea70d", 1),
		"no ticket":                strings.TrimSuffix(reading, ticket(reading)) + "/.wav",
		"no state":                 strings.Replace(reading, "/code-reading-2/", "/code-reading-9/", 1),
		"too little":               callback + "/speech/" + ours,
		"nothing that there is":    callback + "/nothing",
		"keys of no state":         callback + "/keys/" + ours + "/cy/code-over",
		"keys of a state too much": l.next + "/more",
	} {
		if w := fetch(l.voice, address, token); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	for _, address := range []string{answer, l.next, reading, callback + "/status/" + ours} {
		for name, signed := range map[string]string{"nothing": "", "another token": signature("54321", address, nil), "another address": signature(token, address+"x", nil)} {
			r := httptest.NewRequest(http.MethodPost, strings.TrimPrefix(address, callback), nil)
			r.Header.Set("X-Twilio-Signature", signed)
			w := httptest.NewRecorder()
			if l.voice.ServeHTTP(w, r); w.Code != http.StatusForbidden {
				t.Errorf("%s, signed with %s: %d", address, name, w.Code)
			}
		}
	}
	if len(d.Reports()) != told {
		t.Errorf("strangers told %v", d.Reports()[told:])
	}
	d.Enter()
	if w := fetch(l.voice, reading, token); w.Code != http.StatusGone {
		t.Errorf("the code is read once it was used: %d", w.Code)
	}
}

// A message that nobody knows, or a database that is not well, says nothing.
func TestACallThatNobodyKnows(t *testing.T) {
	d := &webtest.Desk{Message: webtest.Call(false)}
	l := ring(t, d)
	d.Message.ID = "another"
	if _, over := l.Next(""); !over {
		t.Error("an unknown call goes on")
	}
	d.Message.ID, d.Broken = ours, errors.New("the database is away: +441632960123")
	for _, w := range []*httptest.ResponseRecorder{hook(l.voice, l.next, token, url.Values{}), hook(l.voice, callback+"/status/"+ours, token, url.Values{"CallStatus": {"busy"}})} {
		if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "database") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}
