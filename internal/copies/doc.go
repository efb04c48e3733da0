// Package copies owns what authenticator apps leave here for a bad day: copies of their accounts that Woggle cannot read.
//
// A copy is a JWE under a passphrase that only its owner has (docs/decisions/authenticator-storage.md). It is sealed once more on its
// way into the database, so that a stolen backup of ours does not even give somebody something to try passphrases on. An app keeps
// one copy for each person, and renews it; it stays when the app has gone, because that is what it is for. Only its owner takes one
// away.
//
// Its neighbours: method/authenticator takes copies from apps and gives one to a new app; portal lists, gives out and removes them,
// and asks for a recent proof first. Both tell the person.
package copies
