// The phone as a method of the flow.
package phone

import (
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"

	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/limit"
	"woggle/internal/message"
	"woggle/internal/page"
	"woggle/internal/signin"
)

//go:embed pages/*.html
var pages embed.FS

// Deps is all that the method works with.
type Deps struct {
	DB     *db.DB
	Keys   *keys.Ring
	Pages  *page.Renderer
	Flow   *signin.Flow
	Outbox *message.Outbox
	Texts  message.Composer
	Plan   Plan
	// Approve makes calls ask for two digits that the page shows, so that no code is said on the line.
	Approve bool
}

// Method sends codes to phones.
type Method struct{ Deps }

var (
	_ signin.Method    = (*Method)(nil)
	_ signin.Enroller  = (*Method)(nil)
	_ signin.Describer = (*Method)(nil)
	_ signin.Teller    = (*Method)(nil)
	_ signin.Placed    = (*Method)(nil)
)

// New makes the method.
func New(d Deps) (*Method, error) { return &Method{d}, d.Pages.Add("phone", pages) }

// Kind is signin.Phone.
func (*Method) Kind() signin.Kind { return signin.Phone }

// Able tells whether any phone can be reached: without a route, no phone is offered.
func (m *Method) Able() bool { return m.Outbox.Serves(message.SMS) || m.Outbox.Serves(message.Voice) }

// settings is what of a phone is no secret.
type settings struct {
	Channel message.Channel `json:"channel"` // how its codes are sent unless the person asks otherwise
	Kind    Kind            `json:"kind"`
}

// Row is a phone as it is stored: the number sealed, and a mask of it to show before the person is known.
func Row(ring *keys.Ring, user string, number Number, channel message.Channel) (signin.Enrolled, error) {
	id := db.NewID()
	secret, err := json.Marshal(number)
	if err != nil {
		return signin.Enrolled{}, err
	}
	data, err := json.Marshal(settings{channel, number.Kind})
	return signin.Enrolled{ID: id, User: user, Kind: signin.Phone, Hint: number.Masked(), Data: string(data),
		Lookup: Lookups(ring, number.E164)[0], Secret: ring.Seal(secret, place(id)...)}, err
}

// Lookups are the fingerprints by which phones with the number can be found (signin.UsersByLookup): one for each key of
// the ring, the newest first, under which rows are written.
func Lookups(ring *keys.Ring, e164 string) (all []string) {
	for _, mac := range ring.Lookups("phone", e164) {
		all = append(all, hex.EncodeToString(mac[:16]))
	}
	return all
}

// findable sees that a phone that was just used can be found by its number: it may have been set up before phones could be,
// or under an older key.
func (m *Method) findable(tx *db.Tx, a *signin.Attempt, id string, n Number) error {
	lookup := Lookups(m.Keys, n.E164)[0]
	if e := a.Method(id); e == nil || e.Lookup == lookup {
		return nil
	}
	return signin.MakeFindable(tx, id, lookup)
}

func place(id string) []string { return []string{"methods", "secret", id} }

// open reads a phone back.
func (m *Method) open(e signin.Enrolled) (n Number, s settings, err error) {
	secret, err := m.Keys.Open(e.Secret, place(e.ID)...)
	if err != nil {
		return n, s, err
	}
	if err := json.Unmarshal(secret, &n); err != nil {
		return n, s, err
	}
	return n, s, json.Unmarshal([]byte(e.Data), &s)
}

// Ways are a text and a call, as far as the number takes them.
func (m *Method) Ways(e signin.Enrolled, l *page.Locale) []signin.Way {
	n, s, err := m.open(e)
	if err != nil {
		return nil
	}
	text := signin.Way{Option: string(message.SMS), Icon: "phone", Label: l.Text("phone.way.sms"), Detail: e.Hint}
	call := signin.Way{Option: string(message.Voice), Icon: "phone", Label: l.Text("phone.way.voice"), Detail: e.Hint}
	switch {
	case !n.CanText() || !m.Outbox.Serves(message.SMS):
		return []signin.Way{call}
	case !m.Outbox.Serves(message.Voice):
		return []signin.Way{text}
	case s.Channel == message.Voice:
		return []signin.Way{call, text}
	}
	return []signin.Way{text, call}
}

// Detail is the phone with its whole number, for its owner's eyes.
func (m *Method) Detail(e signin.Enrolled, l *page.Locale) (title, detail string) {
	n, s, err := m.open(e)
	if err != nil {
		return l.Text("signin.kind.phone"), e.Hint
	}
	title = e.Name
	if title == "" {
		title = l.Text("phone.title." + string(n.Kind))
	}
	return title, n.Display() + " · " + l.Text("phone.channel."+string(s.Channel))
}

// Place is at home for a landline, and the handset for any other number.
func (m *Method) Place(e signin.Enrolled) signin.Place {
	var s settings
	if err := json.Unmarshal([]byte(e.Data), &s); err == nil && s.Kind == Landline {
		return signin.Landline
	}
	return signin.Handset
}

// noticeTexts bounds what notices may cost.
var noticeTexts = limit.Rule{Name: "notice-text", Max: 5, Window: day}

// Tell sends a notice as a text to a phone that gets its codes so; nobody is called up for a notice.
func (m *Method) Tell(tx *db.Tx, e signin.Enrolled, locale, key string, link message.Button, args ...any) error {
	n, s, err := m.open(e)
	if err != nil {
		// Passed by: an error would undo what is told about, the counting of a wrong code among it.
		m.Flow.Log.Error("a phone's number cannot be opened", "method", e.ID, "error", err)
		return nil
	}
	if s.Channel != message.SMS || !m.Outbox.Serves(message.SMS) {
		return nil
	}
	if wait, err := noticeTexts.Take(tx, e.ID); err != nil || wait > 0 {
		return err
	}
	_, err = m.Outbox.Enqueue(tx, message.Message{User: e.User, Channel: message.SMS, Purpose: message.Notice, To: n.E164,
		Hint: n.Masked(), Locale: locale, Body: m.Texts.Notice(locale, key, args...) + " " + message.Fold(link.Label) + ": " + link.URL})
	var refused *message.Refused
	if errors.As(err, &refused) { // what is told about has to happen, whatever the bill says
		return nil
	}
	return err
}
