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
		err = errors.Join(err, errors.New("the site needs an address with https://, because Twilio asks us there what to say in a call"))
	}
	if err != nil {
		return nil, err
	}
	return &Voice{a, web.Dialogue{Desk: desk, Speech: c.Speech, Sound: c.Speech.WAV, Organisation: c.Organisation, Callback: c.Callback, Secret: c.AuthToken}}, nil
}

// ringing is how long it rings. Answering machines often take longer than 20 seconds, old people too.
const ringing = 35 * time.Second

// Send asks Twilio for the call. It does not ask whether a machine answers: who presses no key hears no code.
func (v *Voice) Send(ctx context.Context, m message.Message) (receipt string, err error) {
	if m.Sender == "" {
		return "", errors.New("the route has no sender for this number: calls come from a number of the account")
	}
	form := url.Values{"To": {m.To}, "From": {m.Sender}, "Method": {"POST"}, "Url": {v.dialogue.AnswerAddress(m)},
		"StatusCallback": {v.Callback + "/status/" + m.ID}, "StatusCallbackMethod": {"POST"}, "StatusCallbackEvent": {"completed"},
		"Timeout": {strconv.Itoa(int(ringing / time.Second))}, "TimeLimit": {strconv.Itoa(int(call.Longest / time.Second))}}
	if m.Extension != "" {
		form.Set("SendDigits", "ww"+m.Extension) // each w is half a second
	}
	return v.post(ctx, "Calls", form)
}

// ends are the statuses of a call that is over, with what they mean.
var ends = map[string]message.Event{"busy": message.Busy, "no-answer": message.NoAnswer, "canceled": message.NoAnswer, "failed": message.Failed, "completed": message.NoKey}

// ServeHTTP takes what Twilio tells and asks about calls. It signs also when it fetches a sound.
func (v *Voice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !v.signed(r) {
		http.Error(w, "this is not signed by Twilio", http.StatusForbidden)
		return
	}
	if v.dialogue.Speak(w, r) {
		return
	}
	if id, is := strings.CutPrefix(r.URL.Path, "/status/"); is {
		v.end(w, r, id)
		return
	}
	turn, err := v.dialogue.Next(r.Context(), r.URL.Path, r.PostForm.Get("Digits"))
	switch {
	case errors.Is(err, web.ErrNowhere):
		http.Error(w, "there is nothing here", http.StatusNotFound)
	case err != nil:
		http.Error(w, "not now: please try again", http.StatusServiceUnavailable)
	default:
		say(w, turn)
	}
}

// end takes the report of a call that is over.
func (v *Voice) end(w http.ResponseWriter, r *http.Request, id string) {
	event, over := ends[r.PostForm.Get("CallStatus")]
	if !over {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	web.AnswerReport(w, v.desk.Report(r.Context(), message.Report{Message: id, Receipt: r.PostForm.Get("CallSid"), Event: event,
		Cause: web.Code(r.PostForm.Get("SipResponseCode")), Cost: v.charge(r.PostForm)}))
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

// say tells Twilio what comes next.
func say(w http.ResponseWriter, turn web.Turn) {
	answer := response{Gather: &gather{Input: "dtmf", Digits: 1, Timeout: turn.Patience, OnEmpty: true, Action: turn.Keys, Method: "POST", Play: turn.Speech}}
	if turn.Over {
		answer = response{Hangup: &struct{}{}}
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = xml.NewEncoder(w).Encode(answer) // who asked may be gone
}
