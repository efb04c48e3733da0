// Package speech says things aloud on the telephone: it joins recorded clips into one audio file, with no
// speech engine at run time.
//
// It owns the recordings (clips/, embedded), the sentences that were recorded (phrases.txt, English and
// Welsh) and the script of the call that reads out a sign-in code. Everything it can say it can also write:
// Script.Text and Script.WAV come from the same list of sounds, so that what is stored, shown or tested as
// text is what the person hears.
//
// It has no states and imports none of our packages. Its neighbours are the voice channel and the handset,
// which play what it makes. make.sh records the clips anew; an operator may put real voices in their place.
package speech
