// Package session owns the signed-in browser: its cookie, its end, and what it proved.
//
// A session is a row found by the fingerprint of a random token that only the browser has. It carries proofs, not
// flags: level, freshness, amr and acr are computed from them when they are asked for. Its token is replaced at every
// rise of assurance, so that a token that was planted or seen before is worth nothing after.
//
// A session dies by sign-out, idleness, age, or when its person's epoch was raised (password changed, "this wasn't
// me", disabled); each is checked when the row is read, on every request and every node.
package session
