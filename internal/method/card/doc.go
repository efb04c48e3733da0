// Package card owns printed cards: numbered one-time codes for camps, and for people without any phone (look-up secrets, NIST
// SP 800-63B-4 section 3.1.2).
//
// A card belongs to one person and works between two moments. The page asks for one code by its number, the lowest that is not used;
// only that one is right, so a guess has one chance in a million, and what somebody reads off over a shoulder is soon worth nothing. The codes stand
// nowhere: like the codes of challenges they are derived from the id of the card with a key of the key file. The method's counter is
// the number of the last code that was used; it only grows, by a conditional update, so that a code is good once on every node.
//
// An administrator makes cards, and revokes them; the person is told of both.
package card
