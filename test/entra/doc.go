// Package entra stands in for Microsoft Entra ID and Microsoft Graph in tests.
//
// It follows the requests that Microsoft documents, and refuses what the real one refuses: a wrong content type, a member
// that does not exist, an empty text where null is meant, a licence without a usage location, another immutable id in a
// federated domain, federation of the default domain, a proof of who we are that has ended or was made for somebody else, and
// requests of an application that was not given the permission. It can be slow to know what was just made, throttle
// whole requests and single items of a batch, and lose an answer after it has done what was asked.
//
// It owns the tenants and what is in them (tenant.go), tokens (token.go), the way a request goes (graph.go, batch.go), and the
// things of Graph: users.go, domains.go, reports.go. What Microsoft's own keys sign, and its sign-in pages, belong in a file
// of their own. It knows nothing of Woggle, so that it judges what was sent and not what was meant.
package entra
