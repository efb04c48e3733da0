// Calls.

package twilio

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/call"
	"woggle/internal/message/web"
)

// Voice makes calls.
type Voice struct {
	account
	dialogue web.Dialogue
}

// NewVoice makes the provider. The error tells all that is wrong with the settings.
func NewVoice(c Config, desk message.Desk) (*Voice, error) {
	a, err := newAccount(c, desk)
	if c.Speech == nil {
		err = errors.Join(err, errors.New("there are no recordings to be heard in calls"))
	}
	if !strings.HasPrefix(c.Callback, "https://") {
		err = errors.Join(err, errors.New("Twilio asks us what to say in a call, so the site needs an address with https://"))
	}
	return &Voice{a, web.Dialogue{Desk: desk, Speech: c.Speech, Organisation: c.Organisation, Callback: c.Callback, Secret: c.AuthToken}}, err
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

// ServeHTTP takes what Twilio tells and asks about calls.
func (v *Voice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v.dialogue.Speak(w, r) {
		return
	}
	if !v.signed(r) {
		http.Error(w, "this is not signed by Twilio", http.StatusForbidden)
		return
	}
	part := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case len(part) == 2 && part[0] == "status":
		event, over := ends[r.PostForm.Get("CallStatus")]
		if !over {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		web.AnswerReport(w, v.desk.Report(r.Context(), message.Report{Message: part[1], Event: event, Cause: r.PostForm.Get("SipResponseCode"), Cost: charged(r.PostForm.Get("Price"))}))
	case len(part) == 2 && part[0] == "answer":
		state, err := v.dialogue.Answer(r.Context(), part[1])
		v.say(w, part[1], state, err)
	case len(part) == 3 && part[0] == "keys":
		state, err := v.dialogue.Press(r.Context(), part[1], part[2], r.PostForm.Get("Digits"))
		v.say(w, part[1], state, err)
	default:
		http.Error(w, "there is nothing here", http.StatusNotFound)
	}
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
func (v *Voice) say(w http.ResponseWriter, id string, state call.State, err error) {
	answer := response{Hangup: &struct{}{}}
	switch {
	case err != nil && !errors.Is(err, web.ErrOver):
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	case err == nil && state.Step != call.Over:
		answer = response{Gather: &gather{Input: "dtmf", Digits: 1, Timeout: web.Patience(state), OnEmpty: true, Method: "POST",
			Action: v.dialogue.KeysAddress(id, state), Play: v.dialogue.SpeechAddress(id, state)}}
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := xml.NewEncoder(w).Encode(answer); err != nil {
		http.Error(w, "not now", http.StatusInternalServerError)
	}
}
