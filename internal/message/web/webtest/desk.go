package webtest

import (
	"context"
	"sync"

	"woggle/internal/message"
)

// Right are the two keys that the page shows.
const Right = "42"

// Desk knows one message. The zero value knows none.
type Desk struct {
	Message message.Message
	Broken  error // of the database, if it is not well

	mu      sync.Mutex
	gone    bool
	reports []message.Report
}

// Report implements message.Desk. Key 9 ends the challenge, and with it the message.
func (d *Desk) Report(_ context.Context, r message.Report) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.Broken != nil:
		return d.Broken
	case r.Message != d.Message.ID && (r.Message != "" || r.Receipt == ""):
		return message.ErrUnknown
	}
	d.reports = append(d.reports, r)
	d.gone = d.gone || r.Event == message.Unwanted
	return nil
}

// Open implements message.Desk.
func (d *Desk) Open(_ context.Context, id string) (message.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.Broken != nil:
		return message.Message{}, d.Broken
	case id != d.Message.ID:
		return message.Message{}, message.ErrUnknown
	case d.gone:
		return message.Message{}, message.ErrGone
	}
	return d.Message, nil
}

// Keyed implements message.Desk. There is one try; whatever comes of it, the challenge is over.
func (d *Desk) Keyed(_ context.Context, id, keys string) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.Broken != nil:
		return false, d.Broken
	case id != d.Message.ID:
		return false, message.ErrUnknown
	}
	first := !d.gone
	d.gone = true
	return first && keys == Right, nil
}

// Enter is that somebody enters the code on the page.
func (d *Desk) Enter() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone = true
}

// Reports are all that it was told, in order.
func (d *Desk) Reports() []message.Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]message.Report(nil), d.reports...)
}

// Events are those of the reports.
func (d *Desk) Events() (all []message.Event) {
	for _, r := range d.Reports() {
		all = append(all, r.Event)
	}
	return all
}
