// Package signin owns THE FLOW: how somebody proves who they are, sets up what is missing, and arrives.
//
// An Attempt is one sign-in in progress, kept in the database and bound to one browser. A Need says what must be
// proved. Next is pure: from the attempt, the need and the methods that the person has set up it decides the next
// Step, out of a closed set:
//
//	identify -> prove -> enrol -> details -> done        (or refuse, with a reason)
//
// Every handler stores what it learned and returns here: Flow.Act loads the attempt, checks that its step is the one
// the handler is for, lets the handler work, asks Next, and saves, in one transaction. Steps never call each other.
//
// What is asked once stands in a Challenge: expiry, tries and single use are conditional updates, so that they hold
// on every node. A Method, which lives in a chapter of its own, only makes and compares.
//
// The same flow serves sign-in, a step-up before a change, adding a method from Security info, and a forgotten
// password: they differ in their Need and in the proofs that the attempt starts with.
package signin
