// Package app owns the registered apps: what they are, who may use them, the proof that each needs, and the way of a person
// from an app's request through the sign-in and back to the app.
//
// A protocol (oidc, saml, wsfed, forwardauth: each a package below) reads what an app asks for, checks it as its standard
// wants, and hands a Request to the Desk. The Desk decides, by the pure function decide:
//
//	enter     the person is signed in, may use the app, and has proved what it needs: the protocol answers
//	sign in   nobody is signed in
//	choose    somebody is, but another person was named, or may be meant
//	step up   what was proved is too weak or too old
//	refuse    with a reason; the protocol tells the app
//
// Whatever needs the person's part is kept in app_requests and comes back to /app/continue/{id}, where it is decided again.
// That address says nothing of the app or the person, works only in the browser that first came for it, and is used up by
// the answer. Most requests of a signed-in person are answered at once and kept nowhere.
//
// Apps change seldom: the Catalogue reads them anew every few seconds.
//
// Its neighbours: signin proves, session keeps the visits, portal shows the tiles.
package app
