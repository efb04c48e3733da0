// Package call holds the dialogue of a telephone call: what is heard in it, and what the keys do. It is pure: no clock,
// no line, no database. Who carries the call plays the script of each state, passes on keys and silences, and hangs up
// when the state is Over.
//
// A call that brings a code goes
//
//	greeting ──key 1──> reading ──silence──> goodbye ──> over
//	   │  ^ └─silence, twice    └─key 1: from the start, at most twice
//	   └──silence, the third──────────────────> goodbye
//
// and one that asks for an approval, where the person keys the two digits that the page shows,
//
//	greeting ──a key──> greeting ──a second──> keyed ──right──> approved ──> over
//	   └──as above                               └──wrong──> wrong ──> over
//
// Key 9 says that the person did not ask for this: it leads to reported from everywhere but over, except as the second
// of two digits. An answering machine presses no key, so it never hears a code; it ends at goodbye (threats T26).
//
// The walk through a call is bounded: at most four scripts of a greeting or a reading are heard, whatever is pressed, so
// that with the bounds that speech keeps for its scripts no call takes longer than Longest.
//
// Its neighbours: speech says the scripts; the voice providers and the handset carry the calls.
package call
