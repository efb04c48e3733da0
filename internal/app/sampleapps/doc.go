// Package sampleapps owns the apps of the demonstration: four small sites of other people's, as it were, that know nobody and
// let Woggle say who comes. Each relies on it in another way:
//
//	Camp rota        OpenID Connect (rota.go)
//	Kit shop         SAML 2.0 (kit.go)
//	District files   WS-Federation (files.go)
//	Minibus log      nothing at all: it stands behind a reverse proxy that asks for it (minibus.go)
//
// They speak the wire, as any other app would, with somebody else's library where there is one, and share no code with the
// protocols that they talk to. Each shows in plain words what it was told. They hold people in memory and nowhere else, for as
// long as the demonstration runs.
//
// They listen at 127.0.0.1 while Woggle is at localhost: to a browser these are two different sites, as an app and the
// organisation's sign-in are. What a browser keeps back between sites, such as cookies with a form, it keeps back here.
package sampleapps
