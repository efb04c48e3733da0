// Package speech says things aloud on the telephone: it joins recorded clips into one stretch of audio, with no speech
// engine at run time.
//
// It owns the Library of recordings: those that the program brings along (clips/, made by make.sh, carried packed), and over
// them an organisation's own folder of WAV files, which may hold any clip under its bundled name, given names as
// names/sian.wav, and the organisation's name as en/organisation.wav and cy/organisation.wav. It owns the sentences
// (phrases.txt, English and Welsh) and the scripts of the two calls: the one that reads out a sign-in code, and the one
// that asks for an approval. Everything it can say it can also write: Script.Text and Library.Samples come from the same
// list of sounds, so that what is stored, shown or tested as text is what the person hears.
//
// It has no states and imports none of our packages. Its neighbours are call, which tells what is heard when, and the
// voice providers and the handset, which play it. compare.sh tells which voice is understood best on a line.
package speech
