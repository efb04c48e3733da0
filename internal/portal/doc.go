// Package portal owns the member's own pages: home, Security info, details, activity.
//
// It shows what other chapters keep and asks them for every change; it has no tables and no rules about methods of its
// own. Whoever is not signed in is sent to sign in and then back. What changes how somebody signs in (a method, the
// default, the password) demands a proof of possession that is at most ten minutes old, checked where the change is
// made and not where its page is shown; without it the person goes through the flow's step-up and comes back to the
// page of the change. What makes an account safer (ending sessions, "this wasn't me") never demands one, because it is
// what a person needs who has just lost their phone.
//
// A changed page is left by a redirect that names the good news from a fixed list, so that Refresh sends nothing again.
//
// Its neighbours: signin adds, changes and removes methods; session lists and ends sessions; directory has the details;
// audit has what happened. It knows no method's chapter: titles and details come from signin.Describer, and the
// password is changed by a function that it is given.
package portal
