// Package microsoft365 lets an organisation's people use Microsoft 365 with the sign-in here, and locks nobody out on the way.
//
// It owns the connection: a tenant, the proof that we are its application, and its domains (tenant.go, connect.go). It checks
// what has to be so before a domain is federated (check.go), writes the commands for Microsoft Graph PowerShell that federate,
// check and roll back (script.go), and does the same itself through Graph, in requests that can be read beforehand
// (federate.go). It finds out which account is whose (match.go), plans what to make and change there and does it, going on
// where it was stopped (plan.go, run.go), and tells who still depends on Microsoft's own texts and calls (report.go).
//
// A domain is managed (Microsoft asks for the password) or federated (we do). A person is matched once it is known which account is theirs, and ready
// once that account has an immutable id, under which we name them to Microsoft: Identity tells it to the
// protocols, which are other chapters. Nothing is ever deleted in a tenant.
//
// Its neighbours: graph, below it, speaks to Microsoft; app, directory, keys, db and audit.
package microsoft365
