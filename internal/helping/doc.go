// Package helping owns the pages of helpers, and of administrators as far as they help people: who may help whom is asked of
// the directory anew in the transaction of everything that is done (directory.Helps), and not taken from a session or a page.
//
// Four things can be done for somebody. A helper sees what they have set up, and never a secret. Three words that a stuck person
// reads out show the step they are at. An access pass is given by one helper, who by that stands in for a forgotten password
// and passes no method by; two helpers who vouch for somebody, each after a proof of their own, make one that does, and the
// administrators are told and may undo it for a day. Whatever is done is told to the person in every way that is known, and
// stands in the audit trail.
//
// people.go finds people and shows one; stuck.go follows three words; pass.go gives passes; vouch.go has the rules of vouching,
// vouched.go its pages and the undoing; store.go has the only SQL. Nothing here knows a method's chapter: how a pass is made,
// spelt and printed is given by functions.
package helping
