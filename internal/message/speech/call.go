// This file owns the call that reads out a sign-in code.

package speech

import "time"

const (
	sentence = Pause(500 * time.Millisecond) // between two sentences
	breath   = Pause(time.Second)            // before and after a code
)

// Call is a telephone call of three scripts. Who carries it plays Greeting when it is answered, and Reading
// only after key 1 was pressed: an answering machine presses no key, so it never stores a code, and who
// listens to it later hears none (threats T26). After key 9, which says that the person did not ask, it
// plays Reported and no code.
type Call struct {
	Greeting, Reading, Reported Script
}

// CodeCall returns the call that reads a six-digit code to the person of that given name, twice. The name
// tells people who share a telephone whom it is for; one that cannot be said is left out. No recording can
// hold every organisation's name, so the voice says "your organisation", and the text says the same.
func CodeCall(lang, organisation, givenName, code string) Call {
	say := func(parts ...Part) Script { return Script{Lang: lang, Parts: parts} }
	return Call{
		Greeting: say(append(append([]Part{Phrase("hello"), sentence, Phrase("automatic-call"), sentence},
			codeFor(lang, givenName)...),
			Phrase("press-one"), sentence, Phrase("press-nine"))...),
		Reading: say(
			Phrase("your-code-is"), Digits(code), breath,
			Phrase("once-more"), Digits(code), breath,
			Phrase("goodbye")),
		Reported: say(Phrase("reported"), sentence, Phrase("goodbye")),
	}
}

// codeFor says whom the code is for.
func codeFor(lang, givenName string) []Part {
	name := Name(givenName)
	if len(name.sounds(voice(lang))) == 0 {
		return []Part{Phrase("code-for-you"), sentence}
	}
	return []Part{Phrase("code-for"), name, sentence}
}

// Text returns the call as a person hears it who presses key 1. The code is the only number in it.
func (c Call) Text() string {
	return c.Greeting.Text() + " " + c.Reading.Text()
}
