// Package passkey owns passkeys and security keys as a method: Web Authentication level 3 (WebAuthn).
//
// A passkey is a key pair that its holder's device, password manager or security key made for this site alone. It signs what
// this server asks, together with the name of the site that the browser saw, so that there is nothing to type, to guess, or to
// tell a site that only looks like ours. Where it also checked its holder (a finger, a face, a PIN), one touch is two factors.
//
// One page of script asks the browser for it; what the script says is believed in nothing. It is checked here, in this order:
//
//	client.go         what the browser saw: ceremony, origin, no frame of another site
//	challenge.go      our own question, once, within five minutes, in the browser that was asked
//	authenticator.go  what the authenticator says: site, presence, verification, backup, counter
//	key.go            its signature
//	maker.go          where the policy demands it, who made it
//	passkey.go        whose it is, and what that proves
//
// A challenge stands nowhere until it is answered: it is sealed with a fingerprint of what it is for, so that looking at a
// page writes nothing, and only what was answered rightly is remembered as spent.
//
// A passkey is for one host name, for ever: the relying party's id. It is the host of this site's address; after a move it stays that
// of the former one, which lets this one use its passkeys (related origins, section 5.11).
package passkey
