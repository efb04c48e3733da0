// What is said in a call, and what keys do.

package sip

import (
	"context"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"woggle/internal/message"
	"woggle/internal/message/call"
	"woggle/internal/message/speech"
)

// breath is between the answer, the digits of an extension, and the greeting.
const breath = time.Second

// talk holds the dialogue until it is over, from whichever end, and tells how it ended.
func (g *leg) talk(ctx context.Context) {
	limit := call.Longest
	if g.m.Extension != "" {
		limit += g.dialTime()
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	go g.watch(bounded)
	person := g.dialExtension(bounded) && g.converse(bounded)
	switch {
	case person: // what was heard was told
	case closed(g.lost):
		g.report(message.Failed, "the trunk is gone")
	case ctx.Err() != nil:
		g.report(message.Failed, "this server is stopping")
	default:
		g.report(message.NoKey, "")
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// converse goes through the states of the call. It tells whether a person was there.
func (g *leg) converse(ctx context.Context) (person bool) {
	said := g.speech()
	for state := call.Start(g.m.Approve); state.Step != call.Over; {
		next, ok := g.hear(ctx, state, said)
		if !ok {
			return person
		}
		switch {
		case next.Step == call.Reported && state.Step != call.Reported:
			g.report(message.Unwanted, "")
			person = true
		case next.Step == call.Reading && state.Step == call.Greeting, next.Step == call.Keyed:
			g.report(message.Heard, "")
			person = true
		}
		state = next
	}
	return person
}

// speech is all that may be heard.
func (g *leg) speech() speech.Call {
	set := g.p.set
	if g.m.Approve {
		return set.Speech.ApprovalCall(g.m.Locale, set.Organisation, g.m.Name)
	}
	return set.Speech.CodeCall(g.m.Locale, set.Organisation, g.m.Name, g.m.Code)
}

// hear plays what is heard in a state, and returns the next. ok is false if the call is over.
func (g *leg) hear(ctx context.Context, state call.State, said speech.Call) (next call.State, ok bool) {
	if state.Step == call.Keyed {
		return g.check(ctx, state), true
	}
	script, _ := state.Script(said)
	sound, err := g.p.set.Speech.Samples(script)
	if err != nil { // it was checked at start that everything is recorded
		g.p.set.Log.Error("a call is short of a recording", "message", g.m.ID, "error", err)
	}
	played := g.sound.Play(sound)
	var patience <-chan time.Time
	for {
		select {
		case key := <-g.sound.Keys():
			if next = state.Press(key); next != state {
				return next, true
			}
		case <-played:
			if played = nil; state.Ends() {
				return state.Silence(), true
			}
			patience = time.After(call.Patience)
		case <-patience:
			return state.Silence(), true
		case <-g.over:
			return next, false
		case <-g.lost:
			return next, false
		case <-ctx.Done():
			return next, false
		}
	}
}

// check asks whether the two keys are those that the page shows.
func (g *leg) check(ctx context.Context, state call.State) call.State {
	right, err := g.p.desk.Keyed(ctx, g.m.ID, state.Keys)
	if err != nil {
		g.p.set.Log.Warn("the keys of a call cannot be checked", "message", g.m.ID, "error", err)
		return state.Silence()
	}
	return state.Checked(right)
}

// dialExtension dials the digits that a switchboard wants, if there are any, and tells whether the call still is.
func (g *leg) dialExtension(ctx context.Context) bool {
	if g.m.Extension == "" {
		return true
	}
	if !pause(ctx, g, time.After(breath)) || !pause(ctx, g, g.sound.Dial(g.m.Extension)) || !pause(ctx, g, time.After(breath)) {
		return false
	}
	for { // what the switchboard itself sent is no key of a person
		select {
		case <-g.sound.Keys():
		default:
			return true
		}
	}
}

// dialTime is how long dialling takes at most, with a press and a gap of 250 ms.
func (g *leg) dialTime() time.Duration {
	return 2*breath + time.Duration(len(g.m.Extension))*250*time.Millisecond
}

// wellDialled tells whether an extension can be dialled.
func wellDialled(extension string) bool {
	return len(extension) <= 20 && strings.Trim(extension, "0123456789*#") == ""
}

// pause waits, and tells whether the call still is.
func pause[T any](ctx context.Context, g *leg, until <-chan T) bool {
	select {
	case <-until:
		return true
	case <-g.over:
	case <-g.lost:
	case <-ctx.Done():
	}
	return false
}

// watch makes sure that the trunk is there while nothing is heard from it: it asks, and without any answer the call is
// lost (a trunk that died cannot say BYE).
func (g *leg) watch(ctx context.Context) {
	proved := time.Now()
	for {
		if heard := g.sound.Heard(); heard.After(proved) {
			proved = heard
		}
		if !pause(ctx, g, time.After(time.Until(proved.Add(g.p.set.waits.unheard)))) {
			return
		}
		if g.sound.Heard().After(proved) {
			continue
		}
		res, _ := g.line.ask(ctx, func() *sip.Request { return g.dialog.request(sip.OPTIONS) })
		if ctx.Err() != nil {
			return
		}
		if res == nil || res.StatusCode == 481 || res.StatusCode == 408 {
			g.forget()
			return
		}
		proved = time.Now()
	}
}
