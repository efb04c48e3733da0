// The dialogue of a call that is carried by a provider on the web: it asks what to play, fetches it from us, and tells which
// keys were pressed. Where the call stands travels in the addresses, so that any node can go on with it.

package web

import (
	"bytes"
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

// Dialogue is how one route's calls go.
type Dialogue struct {
	Desk         message.Desk
	Speech       *speech.Library
	Organisation string // as people know it
	Callback     string // public address of the route's callbacks
	Secret       string // nobody else knows it: it makes the addresses of what is heard
}

// ErrOver is the error of a call that has nothing to say any more, because its code was used, or is dead.
var ErrOver = errors.New("web: there is nothing to be said any more")

// Answer begins the dialogue of the message's call.
func (d Dialogue) Answer(ctx context.Context, id string) (call.State, error) {
	m, err := d.Desk.Open(ctx, id)
	if err == nil {
		err = d.Desk.Report(ctx, message.Report{Message: id, Event: message.Answered})
	}
	return call.Start(m.Approve), over(err)
}

// Press goes on from the state, after keys or, if there are none, after silence. A state that is none is ErrOver.
func (d Dialogue) Press(ctx context.Context, id, where, keys string) (call.State, error) {
	state, err := call.Decode(where)
	if err != nil {
		return state, ErrOver
	}
	next := state.Silence()
	if keys != "" {
		next = state.Press(rune(keys[0]))
	}
	if next.Step == state.Step {
		return next, nil
	}
	switch next.Step {
	case call.Reading:
		err = d.Desk.Report(ctx, message.Report{Message: id, Event: message.Heard})
	case call.Reported:
		err = d.Desk.Report(ctx, message.Report{Message: id, Event: message.Unwanted})
	case call.Keyed:
		if err = d.Desk.Report(ctx, message.Report{Message: id, Event: message.Heard}); err != nil {
			break
		}
		var right bool
		right, err = d.Desk.Keyed(ctx, id, next.Keys)
		next = next.Checked(right)
	}
	return next, over(err)
}

func over(err error) error {
	if errors.Is(err, message.ErrUnknown) || errors.Is(err, message.ErrGone) {
		return ErrOver
	}
	return err
}

// Patience is how many seconds to wait for a key after what is heard in the state.
func Patience(state call.State) int {
	if state.Ends() {
		return 1
	}
	return int(call.Patience / time.Second)
}

// KeysAddress is where the provider tells the keys that are pressed in the state.
func (d Dialogue) KeysAddress(id string, state call.State) string {
	return fmt.Sprintf("%s/keys/%s/%s", d.Callback, id, state.Encode())
}

// SpeechAddress is where the provider fetches what is heard in the state.
func (d Dialogue) SpeechAddress(id string, state call.State) string {
	where := state.Encode()
	return fmt.Sprintf("%s/speech/%s/%s/%s.wav", d.Callback, id, where, d.ticket(id, where))
}

// ticket lets who has it hear one script of one call: it may hold the code.
func (d Dialogue) ticket(id, where string) string {
	mac := hmac.New(sha256.New, []byte(d.Secret))
	fmt.Fprintf(mac, "speech\x00%s\x00%s", id, where)
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// Speak serves what is heard, if the request asks for that, and tells whether it does. Providers fetch it without a
// signature.
func (d Dialogue) Speak(w http.ResponseWriter, r *http.Request) bool {
	part := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if len(part) != 4 || part[0] != "speech" {
		return false
	}
	id, where := part[1], part[2]
	state, err := call.Decode(where)
	if err != nil || !hmac.Equal([]byte(d.ticket(id, where)+".wav"), []byte(part[3])) {
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return true
	}
	m, err := d.Desk.Open(r.Context(), id)
	if err != nil {
		http.Error(w, "there is nothing to be heard any more", http.StatusGone)
		return true
	}
	script, heard := state.Script(d.script(m))
	if !heard {
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return true
	}
	wav, err := d.Speech.WAV(script)
	if err != nil {
		http.Error(w, "not now", http.StatusInternalServerError)
		return true
	}
	w.Header().Set("Content-Type", "audio/wav")
	w.Header().Set("Cache-Control", "no-store") // it may hold a code
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(wav))
	return true
}

// script is all that may be heard in the call of a message.
func (d Dialogue) script(m message.Message) speech.Call {
	if m.Approve {
		return d.Speech.ApprovalCall(m.Locale, d.Organisation, m.Name)
	}
	return d.Speech.CodeCall(m.Locale, d.Organisation, m.Name, m.Code)
}

// AnswerReport answers who brought a report. Of what is not known it is of no use to ask again.
func AnswerReport(w http.ResponseWriter, err error) {
	if err != nil && !errors.Is(err, message.ErrUnknown) {
		http.Error(w, "not now: please try again", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
