// Calls.

package vonage

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/call"
	"woggle/internal/message/speech"
	"woggle/internal/message/web"
)

// VoiceConfig is an application for calls.
type VoiceConfig struct {
	Application     string // its id
	PrivateKey      string // its key, PEM
	SignatureSecret string // of the account: signs what is called back
	Callback        string // public address of the route's callbacks
	Endpoint        string // empty is https://api.nexmo.com
	Currency        string // that the bill is in, as GBP; what Vonage charges, in euros, is left out of another one

	Organisation string          // as people know it
	Speech       *speech.Library // what is said
}

// Voice makes calls.
type Voice struct {
	VoiceConfig
	desk     message.Desk
	client   *web.Client
	key      *rsa.PrivateKey
	base     string
	dialogue web.Dialogue
	now      func() time.Time
}

var applicationID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// NewVoice makes the provider. The error tells all that is wrong with the settings.
func NewVoice(c VoiceConfig, desk message.Desk) (*Voice, error) {
	var wrong []error
	note := func(is bool, words string) {
		if is {
			wrong = append(wrong, errors.New(words))
		}
	}
	note(!applicationID.MatchString(c.Application), "the application has to be its id, as in 7c9738e6-5b36-4fd4-b9b6-0123456789ab")
	note(c.SignatureSecret == "", "the signature secret is missing; without it nobody can tell what really comes from Vonage")
	note(c.Speech == nil, "there are no recordings to be heard in calls")
	note(!strings.HasPrefix(c.Callback, "https://"), "Vonage asks us what to say in a call, so the site needs an address with https://")
	key, err := readKey(c.PrivateKey)
	if err != nil {
		wrong = append(wrong, err)
	}
	base, err := web.Address(c.Endpoint, "https://api.nexmo.com", "/v1/calls")
	if err != nil {
		wrong = append(wrong, err)
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	dialogue := web.Dialogue{Desk: desk, Speech: c.Speech, Sound: sound(c.Speech), Organisation: c.Organisation, Callback: c.Callback, Secret: c.SignatureSecret}
	return &Voice{c, desk, web.New(), key, base, dialogue, time.Now}, nil
}

// ringing is how long it rings, in seconds.
const ringing = 35

// What Vonage is asked for (Voice API, "Create an outbound call").
type (
	order struct {
		To           []endpoint `json:"to"`
		From         endpoint   `json:"from"`
		AnswerURL    []string   `json:"answer_url"`
		AnswerMethod string     `json:"answer_method"`
		EventURL     []string   `json:"event_url"`
		EventMethod  string     `json:"event_method"`
		Ringing      int        `json:"ringing_timer"` // seconds
		Length       int        `json:"length_timer"`  // seconds
	}
	endpoint struct {
		Type   string `json:"type"`
		Number string `json:"number"`
		Keys   string `json:"dtmfAnswer,omitempty"`
	}
)

// Send asks Vonage for the call.
func (v *Voice) Send(ctx context.Context, m message.Message) (receipt string, err error) {
	if m.Sender == "" {
		return "", errors.New("the route has no sender for this number: calls come from a number of the application")
	}
	to := endpoint{Type: "phone", Number: strings.TrimPrefix(m.To, "+")}
	if m.Extension != "" {
		to.Keys = "pp" + m.Extension // each p is half a second
	}
	body, err := json.Marshal(order{To: []endpoint{to}, From: endpoint{Type: "phone", Number: strings.TrimPrefix(m.Sender, "+")},
		AnswerURL: []string{v.dialogue.AnswerAddress(m)}, AnswerMethod: http.MethodPost, EventURL: []string{v.Callback + "/status/" + m.ID}, EventMethod: http.MethodPost,
		Ringing: ringing, Length: int(call.Longest / time.Second)})
	if err != nil {
		return "", err
	}
	token, err := newToken(v.Application, v.key, v.now())
	if err != nil {
		return "", errors.New("the private key cannot sign")
	}
	r, err := http.NewRequest(http.MethodPost, v.base, bytes.NewReader(body))
	if err != nil {
		return "", errors.New("the address of Vonage is not one")
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := v.client.Do(ctx, r)
	if err != nil {
		return "", err
	}
	if answer.Status >= 300 {
		return "", answer.Refusal("")
	}
	var said struct{ UUID, Status string }
	if json.Unmarshal(answer.Body, &said) != nil || said.UUID == "" {
		return "", message.Doubtful(fmt.Errorf("the answer with status %d is not one of Vonage's", answer.Status))
	}
	if _, over := ends[said.Status]; over { // a success with an error inside
		return "", errors.New("the call was taken by Vonage and given up at once: status " + web.Code(said.Status))
	}
	return said.UUID, nil
}

// ends are the statuses of a call that is over, with what they mean ("Voice API webhook reference"). A person who declines
// is unanswered; rejected is a call that Vonage itself did not want to make.
var ends = map[string]message.Event{"busy": message.Busy, "timeout": message.NoAnswer, "unanswered": message.NoAnswer, "cancelled": message.NoAnswer,
	"rejected": message.Failed, "failed": message.Failed, "completed": message.NoKey}

// told is what Vonage tells and asks about calls, as far as it is looked at.
type told struct {
	Status string
	Price  string
	Detail string
	DTMF   json.RawMessage
}

// keys are those that were pressed; none is silence.
func (t told) keys() string {
	var pressed struct{ Digits string }
	_ = json.Unmarshal(t.DTMF, &pressed) // what is not of this form has no keys in it
	return pressed.Digits
}

// ServeHTTP takes what Vonage tells and asks about calls. When it fetches a sound it signs nothing.
func (v *Voice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v.dialogue.Speak(w, r) {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims, signed := checkToken(token, v.SignatureSecret, body, v.now())
	if err != nil || !signed || claims.Application != "" && !strings.EqualFold(claims.Application, v.Application) {
		http.Error(w, "this is not signed by Vonage, or not of now", http.StatusForbidden)
		return
	}
	var t told
	if json.Unmarshal(body, &t) != nil {
		http.Error(w, "this is no JSON", http.StatusBadRequest)
		return
	}
	if id, is := strings.CutPrefix(r.URL.Path, "/status/"); is {
		v.end(w, r, id, t)
		return
	}
	turn, err := v.dialogue.Next(r.Context(), r.URL.Path, t.keys())
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
func (v *Voice) end(w http.ResponseWriter, r *http.Request, id string, t told) {
	event, over := ends[t.Status]
	if !over {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	web.AnswerReport(w, v.desk.Report(r.Context(), message.Report{Message: id, Event: event, Cause: web.Code(t.Detail),
		Cost: web.Charge(t.Price, currency, v.Currency)}))
}

// The actions of a call control object (NCCO) that are spoken here.
type (
	action struct {
		Action    string   `json:"action"`
		StreamURL []string `json:"streamUrl,omitempty"`
		BargeIn   bool     `json:"bargeIn,omitempty"`
		Type      []string `json:"type,omitempty"`
		DTMF      *dtmf    `json:"dtmf,omitempty"`
		EventURL  []string `json:"eventUrl,omitempty"`
	}
	dtmf struct {
		Digits  int `json:"maxDigits"`
		Timeout int `json:"timeOut"` // seconds
	}
)

// say tells Vonage what comes next. An empty list ends the call.
func say(w http.ResponseWriter, turn web.Turn) {
	actions := []action{}
	if !turn.Over {
		actions = []action{{Action: "stream", StreamURL: []string{turn.Speech}, BargeIn: true},
			{Action: "input", Type: []string{"dtmf"}, DTMF: &dtmf{1, turn.Patience}, EventURL: []string{turn.Keys}}}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(actions) // who asked may be gone
}

// Probe tells whether Vonage can be reached. Nothing is asked for.
func (v *Voice) Probe(ctx context.Context) error { return web.Reach(ctx, v.base) }
