// Package password owns passwords: which ones are good enough, how they are hashed, and how hashes that were
// brought along from another program are still honoured until they can be replaced.
//
// A password is normalised to Unicode NFC and never cut. It is hashed with Argon2id (RFC 9106) and kept as one
// PHC string, which carries its own parameters. A stored hash is in one of three states:
//
//   - current: ours, with today's parameters;
//   - stale: right, but made with other parameters or in an imported scheme; the caller replaces it with a new
//     Hash of the password that was just proved;
//   - unreadable: in no scheme we know, or so costly that checking it would hurt the machine. The importer
//     refuses such rows (Recognise); one that is met at sign-in is answered as a wrong password.
//
// Hashing is what limits how many people can sign in at once. A Hasher runs a fixed number of hashes side by side,
// lets the rest wait for a short time, and then answers ErrBusy, so that a storm of sign-ins meets a quick "try
// again" instead of a machine without memory.
//
// There is no pepper in here. The caller seals the whole PHC string with a key that is kept outside the database
// before storing it, and opens it before Verify. That does all that a pepper does (SP 800-63B-4 section 3.1.1.2,
// "an additional iteration of a keyed hashing or encryption operation"), can be rotated without knowing anybody's
// password, and protects imported hashes as well, which a pepper mixed into our own hash would not.
//
// Known limits. An imported hash that costs more than ours, twenty times at most, takes visibly longer to refuse, until
// its owner has signed in once; one that costs less is made to cost at least as much. An imported bcrypt hash cannot be matched by
// a password of more than 72 bytes, because bcrypt never saw the rest of it: its owner sets a new one.
//
// Neighbours: package obvious, in the folder below, holds the list of known passwords and the estimate of guesses.
package password
