// The dialogue of a call that is carried by a provider on the web: it asks what to play, fetches it from us, and tells which
// keys were pressed. Where the call stands travels in the addresses, so that any node can go on with it.

package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/call"
	"woggle/internal/message/speech"
)

// Dialogue is how one route's calls go. Its addresses are below Callback:
//
//	answer/ID/LANGUAGE                    asked for when somebody picks up
//	keys/ID/LANGUAGE/STATE                told a key, or that there was none
//	speech/ID/LANGUAGE/STATE/TICKET.wav   what is heard in a state
type Dialogue struct {
	Desk         message.Desk
	Speech       *speech.Library
	Sound        func(speech.Script) ([]byte, error) // a WAV file as the provider can play it
	Organisation string                              // as people know it
	Callback     string                              // public address of the route's callbacks
	Secret       string                              // nobody else knows it: it makes the addresses of what is heard
}

// Turn is what a provider does next in a call.
type Turn struct {
	Over     bool   // hang up; nothing else counts
	Speech   string // address of what is played; any key interrupts it
	Patience int    // seconds that a key is waited for afterwards
	Keys     string // address that is told the key, or that there was none
}

// ErrNowhere is the error of an address that belongs to no dialogue.
var ErrNowhere = errors.New("web: no call has this address")

// place is where a call stands.
type place struct {
	id, locale string
	state      call.State
}

// AnswerAddress is where the provider asks what to do once somebody picks up.
func (d Dialogue) AnswerAddress(m message.Message) string {
	return d.Callback + "/answer/" + m.ID + "/" + cmp.Or(m.Locale, "en")
}

// Next tells what comes next, when the provider asks at the path. Keys are those that were pressed; none is silence. The
// error is ErrNowhere, or the database's. The caller has checked that it is the provider who asks.
func (d Dialogue) Next(ctx context.Context, path, keys string) (Turn, error) {
	part := strings.Split(strings.TrimPrefix(path, "/"), "/")
	p, err := place{}, ErrNowhere
	switch {
	case len(part) == 3 && part[0] == "answer":
		p, err = d.answer(ctx, place{id: part[1], locale: part[2]})
	case len(part) == 4 && part[0] == "keys":
		p = place{id: part[1], locale: part[2]}
		if p.state, err = call.Decode(part[3]); err != nil {
			return Turn{}, ErrNowhere
		}
		p, err = d.press(ctx, p, keys)
	}
	if errors.Is(err, message.ErrUnknown) {
		return Turn{Over: true}, nil
	}
	return d.turn(p), err
}

// answer begins the call.
func (d Dialogue) answer(ctx context.Context, p place) (place, error) {
	m, err := d.Desk.Open(ctx, p.id)
	if errors.Is(err, message.ErrGone) {
		p.state = goodbye(false)
	} else if err != nil {
		return p, err
	} else {
		p.state = call.Start(m.Approve)
	}
	return p, d.Desk.Report(ctx, message.Report{Message: p.id, Event: message.Answered})
}

// press goes on after a key or silence, and tells the desk what that means.
func (d Dialogue) press(ctx context.Context, p place, keys string) (place, error) {
	before := p.state.Step
	if keys == "" {
		p.state = p.state.Silence()
	} else {
		p.state = p.state.Press(rune(keys[0]))
	}
	var err error
	switch {
	case p.state.Step == before:
	case p.state.Step == call.Reading, p.state.Step == call.Keyed:
		err = d.Desk.Report(ctx, message.Report{Message: p.id, Event: message.Heard})
	case p.state.Step == call.Reported:
		err = d.Desk.Report(ctx, message.Report{Message: p.id, Event: message.Unwanted})
	}
	if err == nil && p.state.Step == call.Keyed {
		var right bool
		right, err = d.Desk.Keyed(ctx, p.id, p.state.Keys)
		p.state = p.state.Checked(right)
	}
	if err != nil || p.state.Ends() {
		return p, err
	}
	// Whoever enters the code on the page while it is being read hears no more of it.
	if _, err = d.Desk.Open(ctx, p.id); errors.Is(err, message.ErrGone) {
		p.state, err = goodbye(p.state.Approve), nil
	}
	return p, err
}

func goodbye(approve bool) call.State { return call.State{Step: call.Goodbye, Approve: approve} }

func (d Dialogue) turn(p place) Turn {
	if p.state.Step == call.Over {
		return Turn{Over: true}
	}
	t := Turn{Speech: d.Callback + "/speech/" + p.String() + "/" + d.ticket(p) + ".wav", Keys: d.Callback + "/keys/" + p.String(),
		Patience: int(call.Patience / time.Second)}
	if p.state.Ends() {
		t.Patience = 1 // the least that providers take
	}
	return t
}

// String writes the place as addresses have it.
func (p place) String() string { return p.id + "/" + p.locale + "/" + p.state.Encode() }

// ticket lets who has it hear one script of one call: it may hold the code.
func (d Dialogue) ticket(p place) string {
	mac := hmac.New(sha256.New, []byte(d.Secret))
	fmt.Fprint(mac, "what is heard in a call\x00", p)
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// Speak serves what is heard, if the request asks for that, and tells whether it does. It checks the ticket, because not
// every provider signs when it fetches a sound.
func (d Dialogue) Speak(w http.ResponseWriter, r *http.Request) bool {
	part := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if part[0] != "speech" {
		return false
	}
	w.Header().Set("Cache-Control", "no-store") // it may hold a code
	if len(part) != 5 {
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return true
	}
	p := place{id: part[1], locale: part[2]}
	var err error
	if p.state, err = call.Decode(part[3]); err != nil || !hmac.Equal([]byte(d.ticket(p)+".wav"), []byte(part[4])) {
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return true
	}
	wav, err := d.heard(r.Context(), p)
	switch {
	case errors.Is(err, message.ErrGone), errors.Is(err, message.ErrUnknown):
		http.Error(w, "there is nothing to be heard any more", http.StatusGone)
	case errors.Is(err, ErrNowhere):
		http.Error(w, "there is nothing here", http.StatusNotFound)
	case err != nil:
		http.Error(w, "not now: please try again", http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "audio/wav")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(wav))
	}
	return true
}

// heard is what is heard there. The last words are the same in all calls of a language: they are heard even where the
// message is gone, as it is once key 9 or two right digits have ended its challenge.
func (d Dialogue) heard(ctx context.Context, p place) ([]byte, error) {
	m := message.Message{Locale: p.locale}
	if !p.state.Ends() {
		var err error
		if m, err = d.Desk.Open(ctx, p.id); err != nil {
			return nil, err
		}
	}
	spoken := d.Speech.CodeCall(m.Locale, d.Organisation, m.Name, m.Code)
	if p.state.Approve {
		spoken = d.Speech.ApprovalCall(m.Locale, d.Organisation, m.Name)
	}
	script, ok := p.state.Script(spoken)
	if !ok {
		return nil, ErrNowhere
	}
	return d.Sound(script)
}

// AnswerReport answers who brought a report. Of what is not known it is of no use to ask again.
func AnswerReport(w http.ResponseWriter, err error) {
	if err != nil && !errors.Is(err, message.ErrUnknown) {
		http.Error(w, "not now: please try again", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
