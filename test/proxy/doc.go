// Package proxy tries Woggle's forward auth behind reverse proxies: nginx, Caddy and HAProxy as Debian ships them, each a
// process of its own on this computer with the very settings that docs/operator/forward-auth.md tells people to use; and
// Traefik and Envoy, which Debian does not have, as stand-ins that do what their documents say.
//
// It is also the whole Woggle, with people and browsers, that the tests of internal/app/forwardauth work with. Nothing here
// sends a request to anything but this computer: names are looked up in a table.
package proxy
