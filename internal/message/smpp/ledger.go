// Which message_id of the message centre belongs to which message of ours, and how many of its parts arrived.

package smpp

import (
	"slices"
	"strings"
	"sync"
	"time"

	"woggle/internal/message"
)

// Bounds of what is remembered. The oldest goes first, and is the Desk's from then on.
const (
	mostParcels = 50_000
	mostEarly   = 2000
)

// patience is when the Desk is asked again about a receipt for a message that nobody knew: the node that sent it may
// not have written it down yet.
var patience = [...]time.Duration{2 * time.Second, 20 * time.Second}

// parcel is one text on its way to the telephone.
type parcel struct {
	message string // our id
	to      string // E.164
	parts   int
	arrived int
	over    bool // its end was told
}

// ledger knows the parcels that this node sent, by the message_id of each part. It is safe for many goroutines.
type ledger struct {
	mu    sync.Mutex
	parts map[string]*part
	order []string // ids of parts, oldest first
	early []early  // receipts for unknown messages, oldest first
}

type part struct {
	*parcel
	receipted bool
}

// early is a receipt that came before the answer that says whose it is, or to another node than that.
type early struct {
	receipt
	due   time.Time
	tries int
}

func newLedger() *ledger { return &ledger{parts: map[string]*part{}} }

// took notes that the message centre took a part of the parcel under the id, and takes out its receipt if that came
// sooner. Without an id there is nothing to be found by.
func (l *ledger) took(id string, p *parcel) (e early, sooner bool) {
	if id == "" {
		return e, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.parts[id] == nil {
		l.order = append(l.order, id)
	}
	l.parts[id] = &part{parcel: p}
	if len(l.order) > mostParcels {
		delete(l.parts, l.order[0])
		l.order = l.order[1:]
	}
	for i, e := range l.early {
		if found, _ := l.find(e.receipt); found != nil {
			l.early = slices.Delete(l.early, i, i+1)
			return e, true
		}
	}
	return e, false
}

// match finds the message of a receipt and counts it. known is false if this node did not send it; with it, news is
// whether there is anything to tell yet.
func (l *ledger) match(r receipt) (report message.Report, news, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, id := l.find(r)
	if p == nil {
		return report, false, false
	}
	news = p.count(r.event)
	return message.Report{Message: p.message, Receipt: id, Event: r.event, Cause: r.cause}, news, true
}

// undo takes back what match counted, because the report could not be written: the receipt will come again.
func (l *ledger) undo(report message.Report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.parts[report.Receipt]
	if p == nil || p.message != report.Message {
		return
	}
	p.receipted, p.over = false, false
	if report.Event == message.Delivered {
		p.arrived--
	}
}

// keep keeps a receipt for a message that neither this ledger nor the Desk knows, and drops it at last. It is false if
// the ledger knows the message by now.
func (l *ledger) keep(e early, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, _ := l.find(e.receipt); p != nil {
		return false
	}
	l.again(e, now)
	return true
}

// again puts the receipt where due finds it, unless that was often enough.
func (l *ledger) again(e early, now time.Time) {
	if e.tries >= len(patience) {
		return
	}
	e.due = now.Add(patience[e.tries])
	e.tries++
	if len(l.early) >= mostEarly {
		l.early = slices.Delete(l.early, 0, 1)
	}
	l.early = append(l.early, e)
}

// retry is again for a receipt whose report could not be written.
func (l *ledger) retry(e early, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.again(e, now)
}

// due takes out the receipts that are to be tried again.
func (l *ledger) due(now time.Time) (due []early) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.early = slices.DeleteFunc(l.early, func(e early) bool {
		if e.due.After(now) {
			return false
		}
		due = append(due, e)
		return true
	})
	return due
}

// find looks for the part that the receipt is about. An id can be read in two ways, so the telephone that the receipt
// comes from decides; where it decides nothing, the id as it stands does.
func (l *ledger) find(r receipt) (found *part, id string) {
	for i, form := range forms(r.id) {
		p := l.parts[form]
		switch {
		case p == nil:
		case sameLine(p.to, r.from):
			return p, form
		case i == 0, found == nil && !isNumber(r.from):
			found, id = p, form
		}
	}
	return found, id
}

// count notes what became of one part, and tells whether that decides about the text: it has arrived when all its parts
// have, and has not when one has not.
func (p *part) count(event message.Event) (news bool) {
	if p.receipted {
		return false
	}
	p.receipted = true
	if event == message.Delivered {
		p.arrived++
	}
	news = !p.over && (event != message.Delivered || p.arrived == p.parts)
	p.over = p.over || news
	return news
}

// sameLine compares two numbers, one of which may be written as at home: 07700 900123 is +44 7700 900123.
func sameLine(to, from string) bool {
	const tail = 7
	return isNumber(from) && len(to) >= tail && strings.HasSuffix(from, to[len(to)-tail:])
}

func isNumber(text string) bool {
	return len(text) >= 7 && strings.Trim(text, "+0123456789") == ""
}
