// This file owns what the page shows of the exchange: the phones, and on each what came.

package handset

import (
	"slices"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"
)

const (
	glance = 3                // messages of a phone beside others
	fresh  = 10 * time.Second // for so long a call starts to speak by itself; a later visit plays on demand
)

// Line is a number and who has it. People who share a number have a Line each.
type Line struct {
	Number string // E.164
	Name   string
}

// board is the data of the page.
type board struct {
	Now     time.Time
	Changes uint64
	One     *phone  // the only phone shown, or nil for all
	Busy    []phone // that got something, the latest first
	Quiet   []phone // of sample people that got nothing yet, in their order
}

// phone is one handset.
type phone struct {
	Number string // E.164
	Names  []string
	Items  []item // newest first
	More   int    // older messages that are not shown
}

// item is a message as it is shown: of a call only what was heard up to now.
type item struct {
	Message
	State State
	Said  string // what the call is saying, as a caption
	Lang  string // of Said
	Audio string // address of what the call is saying, or ""
	Fresh bool
	Open  bool   // keys may be pressed
	Keys  string // that were pressed and wait for another
}

// Shown is the number in groups, as people read it.
func (p phone) Shown() string {
	n, err := phonenumbers.Parse(p.Number, "")
	if err != nil {
		return p.Number
	}
	return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
}

// Name says whose phone it is, or "".
func (p phone) Name() string { return strings.Join(p.Names, ", ") }

// board shows every phone, the sample people's and any other that got something.
func (e *Exchange) board(lines []Line) board {
	now := e.lock()
	defer e.mu.Unlock()
	b := board{Now: now, Changes: e.changes}
	names := namesOf(lines)
	for number, all := range e.numbers {
		b.Busy = append(b.Busy, show(number, names[number], all, glance, now))
	}
	slices.SortFunc(b.Busy, func(x, y phone) int {
		if c := y.Items[0].At.Compare(x.Items[0].At); c != 0 {
			return c
		}
		return strings.Compare(x.Number, y.Number)
	})
	for _, line := range lines {
		if _, busy := e.numbers[line.Number]; !busy && names[line.Number] != nil {
			b.Quiet = append(b.Quiet, phone{Number: line.Number, Names: names[line.Number]})
			delete(names, line.Number) // a shared number is one phone
		}
	}
	return b
}

// only shows one phone with all that is kept of it.
func (e *Exchange) only(number string, lines []Line) board {
	now := e.lock()
	defer e.mu.Unlock()
	p := show(number, namesOf(lines)[number], e.numbers[number], maxMessages, now)
	return board{Now: now, Changes: e.changes, One: &p}
}

func namesOf(lines []Line) map[string][]string {
	names := map[string][]string{}
	for _, line := range lines {
		names[line.Number] = append(names[line.Number], line.Name)
	}
	return names
}

func show(number string, names []string, all []*entry, most int, now time.Time) phone {
	p := phone{Number: number, Names: names, More: max(0, len(all)-most)}
	for _, m := range slices.Backward(all[p.More:]) {
		i := item{Message: m.Message, State: m.state, Fresh: now.Sub(m.since) < fresh,
			Open: m.talk.Step != "" && !m.over && m.state != Reported, Keys: m.talk.Keys}
		if name, script := m.heard(); name != "" {
			i.Said, i.Lang = script.Text(), script.Lang
			if i.Said != "" && (!m.over || i.Fresh) {
				i.Audio = "/handset/calls/" + m.ID + "/" + name + ".wav"
			}
		}
		p.Items = append(p.Items, i)
	}
	return p
}
