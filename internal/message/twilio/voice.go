// Calls.

package twilio

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/call"
	"woggle/internal/message/speech"
)

// Voice makes calls.
type Voice struct{ account }

// NewVoice makes the provider. The error tells all that is wrong with the settings.
func NewVoice(c Config, desk message.Desk) (*Voice, error) {
	a, err := newAccount(c, desk)
	if c.Speech == nil {
		err = errors.Join(err, errors.New("there are no recordings to be heard in calls"))
	}
	if !strings.HasPrefix(c.Callback, "https://") {
		err = errors.Join(err, errors.New("Twilio asks us what to say in a call, so the site needs an address with https://"))
	}
	return &Voice{a}, err
}

// ringing is how long it rings. Answering machines often take longer than 20 seconds, old people too.
const ringing = 35 * time.Second

// Send asks Twilio for the call.
func (v *Voice) Send(ctx context.Context, m message.Message) (receipt string, err error) {
	form := url.Values{"To": {m.To}, "From": {m.Sender}, "Method": {"POST"}, "Url": {v.Callback + "/answer/" + m.ID},
		"StatusCallback": {v.Callback + "/status/" + m.ID}, "StatusCallbackMethod": {"POST"}, "StatusCallbackEvent": {"completed"},
		"Timeout": {strconv.Itoa(int(ringing / time.Second))}, "TimeLimit": {strconv.Itoa(int(call.Longest / time.Second))}}
	if m.Extension != "" {
		form.Set("SendDigits", "ww"+m.Extension) // each w is half a second
	}
	c, err := v.post(ctx, "Calls", form)
	return c.SID, err
}

// ends are the statuses of a call that is over, with what they mean.
var ends = map[string]message.Event{"busy": message.Busy, "no-answer": message.NoAnswer, "canceled": message.NoAnswer, "failed": message.Failed, "completed": message.NoKey}

// ServeHTTP takes what Twilio tells and asks about calls. What is heard is fetched without a signature, from an address that
// holds one of ours.
func (v *Voice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	part := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if len(part) == 4 && part[0] == "speech" {
		v.speak(w, r, part[1], part[2], part[3])
		return
	}
	if !v.signed(r) {
		http.Error(w, "this is not signed by Twilio", http.StatusForbidden)
		return
	}
	switch {
	case len(part) == 2 && part[0] == "status":
		event, over := ends[r.PostForm.Get("CallStatus")]
		if !over {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answerReport(w, v.desk.Report(r.Context(), message.Report{Message: part[1], Event: event, Cause: r.PostForm.Get("SipResponseCode"), Cost: charged(r.PostForm.Get("Price"))}))
	case len(part) == 2 && part[0] == "answer":
		v.answer(w, r, part[1])
	case len(part) == 3 && part[0] == "keys":
		v.keys(w, r, part[1], part[2])
	default:
		http.Error(w, "there is nothing here", http.StatusNotFound)
	}
}

// answer begins the dialogue.
func (v *Voice) answer(w http.ResponseWriter, r *http.Request, id string) {
	m, err := v.desk.Open(r.Context(), id)
	if err != nil {
		v.hangUp(w, err)
		return
	}
	if err := v.desk.Report(r.Context(), message.Report{Message: id, Event: message.Answered}); err != nil {
		v.hangUp(w, err)
		return
	}
	v.say(w, id, call.Start(m.Approve))
}

// keys goes on with it, after a key or after silence.
func (v *Voice) keys(w http.ResponseWriter, r *http.Request, id, where string) {
	state, err := call.Decode(where)
	if err != nil {
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return
	}
	next := state.Silence()
	if digits := r.PostForm.Get("Digits"); digits != "" {
		next = state.Press(rune(digits[0]))
	}
	if next.Step != state.Step {
		if next, err = v.act(r.Context(), id, next); err != nil {
			v.hangUp(w, err)
			return
		}
	}
	v.say(w, id, next)
}

// act does what reaching a state means.
func (v *Voice) act(ctx context.Context, id string, state call.State) (call.State, error) {
	switch state.Step {
	case call.Reading:
		return state, v.desk.Report(ctx, message.Report{Message: id, Event: message.Heard})
	case call.Reported:
		return state, v.desk.Report(ctx, message.Report{Message: id, Event: message.Unwanted})
	case call.Keyed:
		if err := v.desk.Report(ctx, message.Report{Message: id, Event: message.Heard}); err != nil {
			return state, err
		}
		right, err := v.desk.Keyed(ctx, id, state.Keys)
		return state.Checked(right), err
	}
	return state, nil
}

// TwiML, as far as it is spoken here.
type (
	response struct {
		XMLName xml.Name `xml:"Response"`
		Gather  *gather
		Hangup  *struct{}
	}
	gather struct {
		Input   string `xml:"input,attr"`
		Digits  int    `xml:"numDigits,attr"`
		Timeout int    `xml:"timeout,attr"`
		Finish  string `xml:"finishOnKey,attr"`
		OnEmpty bool   `xml:"actionOnEmptyResult,attr"`
		Action  string `xml:"action,attr"`
		Method  string `xml:"method,attr"`
		Play    string
	}
)

// say tells Twilio what to play in the state, and where to go on.
func (v *Voice) say(w http.ResponseWriter, id string, state call.State) {
	if state.Step == call.Over {
		write(w, response{Hangup: &struct{}{}})
		return
	}
	wait := int(call.Patience / time.Second)
	if state.Ends() {
		wait = 1
	}
	where := state.Encode()
	write(w, response{Gather: &gather{Input: "dtmf", Digits: 1, Timeout: wait, OnEmpty: true, Method: "POST",
		Action: fmt.Sprintf("%s/keys/%s/%s", v.Callback, id, where),
		Play:   fmt.Sprintf("%s/speech/%s/%s/%s.wav", v.Callback, id, where, v.ticket(id, where))}})
}

// hangUp ends a call of which nothing is known any more: the code was used, or is dead.
func (v *Voice) hangUp(w http.ResponseWriter, err error) {
	if !errors.Is(err, message.ErrUnknown) && !errors.Is(err, message.ErrGone) {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	write(w, response{Hangup: &struct{}{}})
}

func write(w http.ResponseWriter, answer response) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := xml.NewEncoder(w).Encode(answer); err != nil {
		http.Error(w, "not now", http.StatusInternalServerError)
	}
}

// ticket lets who has it hear one script of one call: it may hold the code.
func (v *Voice) ticket(id, where string) string {
	mac := hmac.New(sha256.New, []byte(v.AuthToken))
	fmt.Fprintf(mac, "speech\x00%s\x00%s", id, where)
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// speak serves what is heard in a state.
func (v *Voice) speak(w http.ResponseWriter, r *http.Request, id, where, ticket string) {
	if !hmac.Equal([]byte(v.ticket(id, where)+".wav"), []byte(ticket)) {
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return
	}
	state, err := call.Decode(where)
	if err != nil {
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return
	}
	m, err := v.desk.Open(r.Context(), id)
	if err != nil {
		http.Error(w, "there is nothing to be heard any more", http.StatusGone)
		return
	}
	script, heard := state.Script(v.script(m))
	if !heard {
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return
	}
	wav, err := v.Speech.WAV(script)
	if err != nil {
		http.Error(w, "not now", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "audio/wav")
	w.Header().Set("Cache-Control", "no-store") // it may hold a code
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(wav))
}

// script is all that may be heard in the call of a message.
func (v *Voice) script(m message.Message) speech.Call {
	if m.Approve {
		return v.Speech.ApprovalCall(m.Locale, v.Organisation, m.Name)
	}
	return v.Speech.CodeCall(m.Locale, v.Organisation, m.Name, m.Code)
}
