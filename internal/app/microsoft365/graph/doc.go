// Package graph speaks to Microsoft Graph as an application.
//
// It owns where each of Microsoft's clouds is (cloud.go), the token by client credentials (token.go), requests one by one
// (client.go) and twenty at a time (batch.go), lists over their pages (list.go), and what Microsoft's errors mean and what to
// do about them (errors.go).
//
// It is polite: it waits as long as Retry-After says, tries a bounded number of times with a random part in each pause, and
// never has more than one request in the air. It goes to two hosts and nowhere else: redirects are not followed, and the
// next page of a list has to be at the host of the first. It knows nothing of Woggle; its neighbour is microsoft365, which says what to ask for.
package graph
