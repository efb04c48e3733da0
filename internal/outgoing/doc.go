// Package outgoing owns the requests that Woggle makes to other sites by itself, to addresses that somebody registered: the
// logout of an app, Microsoft's interfaces, the target of a provisioning. (Providers of texts and calls have their own
// client, internal/message/web, because an unanswered message costs money.)
//
// Such an address must not lead our server to where its asker could not go (SSRF, threat T63): only TLS, no redirects, and a
// name is looked up once and then held to, so that it cannot change between the check and the connection. Machines of the
// organisation's own network may be called, because its apps stand there; this computer, link-local addresses (the
// metadata of clouds) and what is no host at all may not. An address that any visitor may give leads to public machines only. What comes back is bounded in time and size.
package outgoing
