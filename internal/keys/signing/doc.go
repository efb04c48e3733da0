// Package signing owns the keys with which tokens and assertions are signed: making, sealing, publishing, rotating.
//
// Each purpose has keys of its own, because whoever holds the one that Microsoft 365 believes can be anybody there. A key
// is next (published, so that apps have it in time), then active (it signs), then retiring (published, because what it
// signed is still about). Its state follows from its times and the clock; nothing has to run for it to change.
//
// The private half is sealed with the key file and never leaves this package but as a crypto.Signer.
package signing
