// This file owns the scripts of the two calls: the one that reads out a code, and the one that asks for an approval.

package speech

import "time"

const (
	sentence = 500 * time.Millisecond // between two sentences
	breath   = time.Second            // after a code, to write it down
)

// How long the scripts of a call may take. With these, no walk through package call takes longer than its Longest; New
// refuses recordings that do not keep them.
const (
	LongestGreeting = 17 * time.Second
	LongestReading  = 17 * time.Second
	LongestAnswer   = 5 * time.Second // Reported, Approved and Wrong
	LongestGoodbye  = time.Second
	// Something has to be played while a second key is waited for.
	LongestListening = 200 * time.Millisecond

	leastName = 2 * time.Second // that a greeting has to leave for the name
)

// Call is all that may be heard in a telephone call. Package call tells what is heard when: Reading only after key 1
// was pressed, because an answering machine presses no key, so that it never stores a code, and who listens to it later
// hears none (threats T26).
type Call struct {
	Greeting  Script // who calls, whom, and which keys to press
	Listening Script // one of two keys was pressed: silence
	Reading   Script // the code, twice; nothing in an approval
	Approved  Script // the two digits were right
	Wrong     Script // they were not
	Reported  Script // the person said that they did not ask
	Goodbye   Script
}

// CodeCall is the call that reads a six-digit code to the person of that given name. The name tells people who share a
// telephone whom it is for; one that cannot be said is left out. The organisation's name is said if it was recorded.
func (l *Library) CodeCall(lang, organisation, givenName, code string) Call {
	v := l.voice(lang)
	c := v.call()
	c.Greeting = v.greeting(organisation, givenName, codeGreeting)
	c.Reading = v.script(v.phrase("your-code-is"), v.digits(code), stop(breath), v.phrase("once-more"), v.digits(code), stop(0))
	return c
}

// ApprovalCall is the call that asks for the two digits that the page shows. It holds no code.
func (l *Library) ApprovalCall(lang, organisation, givenName string) Call {
	v := l.voice(lang)
	c := v.call()
	c.Greeting = v.greeting(organisation, givenName, approvalGreeting)
	return c
}

// call is what both calls have.
func (v voice) call() Call {
	ending := func(phrase string) Script { return v.sentences(v.phrase(phrase), v.phrase("goodbye")) }
	return Call{
		Listening: v.script(stop(LongestListening)),
		Approved:  ending("approved"),
		Wrong:     ending("wrong"),
		Reported:  ending("reported"),
		Goodbye:   v.script(v.phrase("goodbye")),
	}
}

// greeting names the phrases in which the greetings differ.
type greeting struct {
	to, toYou      string // before a name, and instead of one
	press, pressNo string
}

var (
	codeGreeting     = greeting{"code-for", "code-for-you", "press-one", "press-nine"}
	approvalGreeting = greeting{"call-for", "call-for-you", "press-two", "press-nine-approval"}
)

// greeting says as much of the name as there is time for.
func (v voice) greeting(organisation, givenName string, g greeting) Script {
	say := func(whom []sound) Script {
		return v.sentences(v.phrase("hello"), v.organisation(organisation), whom, v.phrase(g.press), v.phrase(g.pressNo))
	}
	name := v.name(givenName, LongestGreeting-wordGap-v.duration(say(v.phrase(g.to)).sounds))
	if len(name) == 0 {
		return say(v.phrase(g.toYou))
	}
	return say(append(v.phrase(g.to), name...))
}

// organisation says who calls. Where no recording has the name the voice says "your organisation", and so does the text.
func (v voice) organisation(name string) []sound {
	if clip := v.clipOf(name); clip != "" {
		return append(v.phrase("automatic-call-from"), sound{clip: clip, words: name})
	}
	return v.phrase("automatic-call")
}

// Text is the call as a person hears it who presses key 1, or of an approval the greeting. The code is the only number
// in it, unless the organisation's recorded name has another.
func (c Call) Text() string {
	if len(c.Reading.sounds) == 0 {
		return c.Greeting.Text()
	}
	return c.Greeting.Text() + " " + c.Reading.Text() + " " + c.Goodbye.Text()
}
