// Package oidc owns the OpenID Provider: apps that speak OpenID Connect and OAuth 2.0 ask here who somebody is.
//
//	GET  /.well-known/openid-configuration   what there is (discovery.go)
//	GET  /oidc/keys                          what ID tokens are signed with
//	GET  /oidc/authorize                     the browser comes with the app's question (authorize.go, question.go)
//	POST /oidc/par                           or the app has sent it ahead (par.go)
//	POST /oidc/token                         a code, a refresh token, a device code or a secret for tokens (exchange.go)
//	     /oidc/userinfo, /oidc/introspect, /oidc/revoke (userinfo.go, introspect.go)
//	POST /oidc/device, GET /device           a television that has no keyboard (device.go)
//	     /oidc/logout                        out of the app, and out of everything (logout.go, backchannel.go)
//
// What an app was given is a grant: one row, that hangs on the visit of a session. It is a code at first; the code is
// redeemed once, in one statement; the refresh token is the number of its generation, and each is spent once, in one
// statement. In the same statement stands whether the person is still active and the session still there. A code or a
// refresh token that comes twice ends its grant, because one of the two who had it was a thief (RFC 9700 section 4.14.2).
//
//	code --redeemed--> generation 1 --refreshed--> 2 --> ... --> idle for a day, 90 days old, revoked, or its visit ended
//
// Tokens are opaque to everybody else, and stand nowhere (token.go). Nothing is signed and nobody called in a transaction.
//
// The types, the validation of challenges, hints and signatures, and the words on the wire are those of a certified library
// (zitadel/oidc); the endpoints are ours, because its own answer in ways that we cannot have: see
// docs/decisions/openid-provider.md.
//
// Its neighbours: app decides who may come in; session keeps the visits; keys/signing has the keys.
package oidc
