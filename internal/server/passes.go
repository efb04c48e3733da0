// Access passes: given by commands and helpers, told to the person in the same transaction.
package server

import (
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/method/accesspass"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

// GivePass gives the person an access pass on the terms, and tells them so. It is shown once. Its errors are those of
// accesspass.Issue.
func (s *Server) GivePass(tx *db.Tx, actor string, user directory.User, terms signin.PassTerms) (pass string, err error) {
	if user, err = directory.Hold(tx, user.ID); err != nil {
		return "", err
	}
	if pass, err = accesspass.Issue(tx, s.keys, actor, user, terms); err != nil {
		return "", err
	}
	return pass, s.flow.Tell(tx, user, "server.notice.pass", nil)
}

// issuePass makes an access pass, and tells nobody: whoever asks for it does.
func (s *Server) issuePass(tx *db.Tx, actor string, user directory.User, terms signin.PassTerms) (string, error) {
	return accesspass.Issue(tx, s.keys, actor, user, terms)
}

// CancelPass voids the person's access pass, tells them, and tells whether there was one.
func (s *Server) CancelPass(tx *db.Tx, actor string, user directory.User) (bool, error) {
	return s.flow.CancelPass(tx, actor, user)
}

// PassLetter is a printed letter (PDF) of the pass that the person has. Its error is Gone where pass is not, or not any more,
// what they have: a letter is not to be made of what somebody makes up.
func (s *Server) PassLetter(tx *db.Tx, user directory.User, pass string) ([]byte, error) {
	enrolled, err := signin.Methods(tx, user.ID)
	if err != nil {
		return nil, err
	}
	at := tx.Now
	if e := signin.PassOf(enrolled); e != nil && e.StartsAt.After(at) {
		at = e.StartsAt
	}
	e, right, err := accesspass.Match(s.keys)(tx, &signin.Attempt{User: user, Enrolled: enrolled}, pass, at)
	if err != nil {
		return nil, err
	}
	if !right {
		return nil, problem.New(problem.Gone, "signin.refused.pass")
	}
	return accesspass.Letter(s.pages, s.base.String(), user, pass, e, tx.Now)
}
