// Package keys owns the key file: the secrets of this installation that must never stand in the database.
//
// The file is made at the first start, readable by its owner only (0600), and holds a ring of 256-bit root keys:
// the first seals, all of them open, so that a key is changed by putting a new one in front. From each root, one
// key for each purpose is derived (HKDF, RFC 5869), so that what is made for one purpose is worthless for another.
//
//   - Seal and Open keep a secret in the database (AES-256-GCM), bound to the row that it belongs to.
//   - MAC and Lookup make a fingerprint: of a cookie, of a telephone number, of a code.
//   - Code derives the digits of a challenge, which therefore stand nowhere.
//
// A copy of the database without this file opens nothing; this file without the database is of no use either.
// Both are needed after a disaster, and are to be backed up apart.
package keys
