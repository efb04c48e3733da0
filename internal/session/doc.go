// Package session owns the signed-in browser: its cookie, its end, and what it proved.
//
// A session is a row found by the fingerprint of a random token that only the browser has. It carries proofs, not
// flags: level, freshness, amr and acr are computed from them when they are asked for. Its token is replaced at every
// rise of assurance, so that a token that was planted or seen before is worth nothing after.
//
// A session dies by sign-out, idleness or age; it is ended when its person ends it, changes the password, or removes a
// method in another browser (EndOthers); and all of a person's die when the epoch is raised ("this wasn't me", a reset,
// disabled). Each is checked when the row is read, on every request and every node.
package session
