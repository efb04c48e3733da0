// Package authenticator owns the authenticator app that Woggle brings along: a web app that can be installed, works with no
// network, and is served at /authenticator/.
//
// Its sources are TypeScript and Svelte in src; what is served is their committed build in dist, so that building Woggle
// needs no Node (npm ci && npm run build makes it, test/authenticator compares it). In src, otp makes codes and reads links,
// vault keeps accounts sealed on the device, move carries them to a backup or another phone; app, screens and parts are what
// people see; worker keeps the app's own files; approve answers push messages.
//
// Nothing here reads or sets a cookie, and the server learns nothing of what the app holds: an account comes in the fragment
// of an address, which browsers keep to themselves.
package authenticator
