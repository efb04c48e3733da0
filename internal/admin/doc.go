// Package admin owns the console at /admin: how far everybody is, people and what may be done to their accounts, the audit trail.
//
// Administrators get in, and nobody else is told that there is such a page. Whoever changes something has proved possession in the last
// ten minutes, and is asked of the directory anew in the transaction of the change: a role that was taken away a moment ago, in
// another window, is gone. Nobody changes their own account here. One administrator gives another no way in: whoever sat at the
// browser of one could otherwise become the other (threats T45 and T84).
//
// rollout.go counts; people.go finds; person.go shows one; actions.go is what may be done, action for action, by the functions that
// the commands use as well; role.go changes roles; audit.go and sheet.go show and give the trail. An access pass is given on the page
// that helpers have (package helping). There is no SQL here: what is asked belongs to directory, signin and audit.
package admin
