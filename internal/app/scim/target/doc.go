// Package target keeps people and groups in other systems over SCIM 2.0, as they are in the directory.
//
// A target is one such system: its address, its token, whose people it gets, and which details. The directory notes who
// changed (directory.Watch); a worker takes the oldest changes, compares what is to stand at the target with what was last
// sent, and sends the difference. A copy is the memory of one person or group there: under which id, and the fingerprint
// of what was sent.
//
// Whatever is lost, is sent again: an answer, a node, a lease. So everything that is sent says how things are to be, and
// before somebody is made, the target is asked whether they are there already, by externalId, which is our id.
//
// What goes wrong is either the target's (it is away, busy, or takes the token no more): everything waits, longer each time;
// or one person's (it refuses what is told of them): that one waits, and the others go on.
//
// Its neighbours: directory has the people, package scim the words for them; server runs the worker on every node, of which
// one at a time holds the lease of a target.
package target
