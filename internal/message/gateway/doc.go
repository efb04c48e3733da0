// Package gateway is the route to any SMS gateway that takes a request over HTTP and has no package of its own: the address,
// the method, the headers and a template of the body are settings, and so is what counts as success, because many gateways
// answer 200 with an error inside.
//
// It owns the templates (template.go), the request and what its answer means (gateway.go), and the reports that a gateway
// may bring back (callback.go). Its neighbours are web, which carries the request, and message.
package gateway
