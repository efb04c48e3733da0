// Package phone is telephones for tests: the other end of calls that Woggle makes through a SIP trunk, on this computer only.
//
// Phone is one that others have made, baresip: it picks up, presses keys, and records what it hears. Recognise reads the
// digits in such a recording, with pocketsphinx, which was never told of our voices. Together they finish a sign-in with a
// code that was heard on the line. Exchange is our own, for a hundred calls at once: it picks up every call, and tells how
// regularly their sound arrives.
//
// Missing names the programs that have to be installed for Phone and Recognise.
package phone
