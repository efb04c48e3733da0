// Package wsfed owns the WS-Federation identity provider (Web Services Federation 1.2, section 13: the passive
// requestor), above all for Microsoft 365, where a whole domain signs in here.
//
//	/wsfed                                              wa=wsignin1.0, wsignout1.0, wsignoutcleanup1.0
//	/FederationMetadata/2007-06/FederationMetadata.xml  what other parties set themselves up with
//	/wsfed/mex, /wsfed/active                           WS-Trust, which has a place only for a password: it always refuses
//
// A sign-in is read here and judged by the desk of package app: who it is, whether they may, what they have to prove
// first. It comes back to Enter, which uses the request up, notes the visit, and hands the browser a page that posts a
// signed token to the address that is registered. What a token says of the person is made by samltoken, a package
// that knows nothing of requests, from facts that are read here and from nothing that the request says.
//
// WS-Federation has no way to tell an app that nobody comes, so a refusal is a page of ours.
//
// Of tables it has one: which requests of Microsoft's were answered, so that loops and bookmarks are noticed on any node.
package wsfed
