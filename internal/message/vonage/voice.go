// Calls.

package vonage

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/bill"
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
	return &Voice{c, desk, web.New(), key, base, web.Dialogue{Desk: desk, Speech: c.Speech, Organisation: c.Organisation, Callback: c.Callback,
		Secret: c.SignatureSecret}, time.Now}, errors.Join(wrong...)
}

// ringing is how long it rings, in seconds.
const ringing = 35

type endpoint struct {
	Type   string `json:"type"`
	Number string `json:"number"`
	Keys   string `json:"dtmfAnswer,omitempty"`
}

// Send asks Vonage for the call.
func (v *Voice) Send(ctx context.Context, m message.Message) (receipt string, err error) {
	to := endpoint{Type: "phone", Number: strings.TrimPrefix(m.To, "+")}
	if m.Extension != "" {
		to.Keys = "pp" + m.Extension // each p is half a second
	}
	body, err := json.Marshal(map[string]any{"to": []endpoint{to}, "from": endpoint{Type: "phone", Number: strings.TrimPrefix(m.Sender, "+")},
		"answer_url": []string{v.Callback + "/answer/" + m.ID}, "answer_method": "POST", "event_url": []string{v.Callback + "/status/" + m.ID}, "event_method": "POST",
		"ringing_timer": ringing, "length_timer": int(call.Longest / time.Second)})
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
	var said struct{ UUID, Status string }
	if answer.Status != http.StatusCreated {
		return "", answer.Refusal("")
	}
	if json.Unmarshal(answer.Body, &said) != nil || said.UUID == "" {
		return "", message.Doubtful(errors.New("Vonage answered with something else than it should"))
	}
	if event := ends[said.Status]; event == message.Failed { // a success with an error inside
		return "", errors.New("Vonage took the call and gave it up at once")
	}
	return said.UUID, nil
}

// ends are the statuses of a call that is over, with what they mean.
var ends = map[string]message.Event{"busy": message.Busy, "timeout": message.NoAnswer, "unanswered": message.NoAnswer, "cancelled": message.NoAnswer, "rejected": message.Busy,
	"failed": message.Failed, "completed": message.NoKey}

// ServeHTTP takes what Vonage tells and asks about calls.
func (v *Voice) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v.dialogue.Speak(w, r) {
		return
	}
	body, err := io.ReadAll(r.Body)
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims, signed := checkToken(token, v.SignatureSecret, body, v.now())
	if err != nil || !signed || claims.Application != "" && !strings.EqualFold(claims.Application, v.Application) {
		http.Error(w, "this is not signed by Vonage, or not of now", http.StatusForbidden)
		return
	}
	var said struct {
		Status, Price, Detail string
		DTMF                  struct{ Digits string }
	}
	if len(body) > 0 && json.Unmarshal(body, &said) != nil {
		http.Error(w, "this is no JSON", http.StatusBadRequest)
		return
	}
	part := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case len(part) == 2 && part[0] == "status":
		event, over := ends[said.Status]
		if !over {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		report := message.Report{Message: part[1], Event: event, Cause: web.Code(said.Detail)}
		if price, err := bill.ParseMoney(said.Price); err == nil && said.Price != "" {
			report.Cost = &price
		}
		web.AnswerReport(w, v.desk.Report(r.Context(), report))
	case len(part) == 2 && part[0] == "answer":
		state, err := v.dialogue.Answer(r.Context(), part[1])
		v.say(w, part[1], state, err)
	case len(part) == 3 && part[0] == "keys":
		state, err := v.dialogue.Press(r.Context(), part[1], part[2], said.DTMF.Digits)
		v.say(w, part[1], state, err)
	default:
		http.Error(w, "there is nothing here", http.StatusNotFound)
	}
}

// An action of a call control object (NCCO).
type action struct {
	Action    string   `json:"action"`
	StreamURL []string `json:"streamUrl,omitempty"`
	BargeIn   bool     `json:"bargeIn,omitempty"`
	Type      []string `json:"type,omitempty"`
	DTMF      *dtmf    `json:"dtmf,omitempty"`
	EventURL  []string `json:"eventUrl,omitempty"`
}

type dtmf struct {
	Digits  int `json:"maxDigits"`
	Timeout int `json:"timeOut"`
}

// say tells Vonage what to play in the state, and where to go on. An empty list ends the call.
func (v *Voice) say(w http.ResponseWriter, id string, state call.State, err error) {
	actions := []action{}
	switch {
	case err != nil && !errors.Is(err, web.ErrOver):
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	case err == nil && state.Step != call.Over:
		actions = []action{{Action: "stream", StreamURL: []string{v.dialogue.SpeechAddress(id, state)}, BargeIn: true},
			{Action: "input", Type: []string{"dtmf"}, DTMF: &dtmf{1, web.Patience(state)}, EventURL: []string{v.dialogue.KeysAddress(id, state)}}}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err := json.NewEncoder(w).Encode(actions); err != nil {
		http.Error(w, "not now", http.StatusInternalServerError)
	}
}
