// Package scim owns SCIM 2.0 (RFC 7643, RFC 7644): other systems keep people here, and, in package target, Woggle keeps
// people in other systems.
//
// A connection is one system that keeps people here, such as a tenant of Microsoft Entra. It has a name and at most two
// tokens, so that they can be changed without a pause. It sees and changes only the people and groups that it made or was
// given; a link says which, under which externalId, and holds the document: what the system said, word for word, so
// that it reads back what it wrote. The directory has the last word on everything that Woggle works with: user name,
// names, address, details, whether the person may sign in.
//
// What a connection can't do, whatever it writes: choose an id, give a role, set a password or a way to sign in, let in
// whom somebody else keeps out, or change the user name or address of people who may do things for others.
//
// A request passes through: bounds and token (server.go), the form of the standard (normalise.go, filter.go), the library
// (schemas, routing, answers), and the resources (user.go, group.go), each in one transaction with its audit events.
//
// A person is active, disabled (active is false), or deleted: disabled and no more to be seen, but held. They come back
// under the same id by active = true, or by being created again with the same externalId.
//
// Its neighbours: directory has the people; audit the trail; server mounts it at /scim/v2.
package scim
