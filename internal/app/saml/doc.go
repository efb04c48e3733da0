// Package saml is the identity provider of SAML 2.0: apps (service providers) send people here, and get back a signed
// assertion of who they are and how they proved it.
//
//	GET, POST /saml/sso       the app asks (Web Browser SSO profile); the desk decides, and comes back to Enter or Refuse
//	GET  /saml/start/{app}    nobody asked: the person begins here, for apps that allow it
//	GET, POST /saml/slo       an app asks to sign out, or answers that it has
//	GET, POST /saml/signout/… the person's way through the apps that are to be signed out of
//	GET  /saml/metadata       what apps need to know of us; for an app with an issuer of its own, /saml/metadata/{app}
//
// Rules: the answer goes to an address that is registered for the app, and to no other; it is good for five minutes, one
// app and one request, which is answered once; what can be read of a request is what was verified of it, if anything was.
// The XML is read and signed by signedxml and built by samltoken; which app is told what stands in its Settings.
package saml
