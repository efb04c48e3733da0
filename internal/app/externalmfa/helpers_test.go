package externalmfa_test

import (
	"context"
	"slices"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/session"
)

func sortStrings(all []string) { slices.Sort(all) }

// session makes a session of somebody, as a sign-in would.
func (w *world) session(tx *db.Tx, user directory.User) (token string, err error) {
	m := &session.Manager{DB: w.db, Keys: w.ring}
	proofs := []session.Proof{{Kind: "password", Factor: session.Knowledge, At: tx.Now}, {Kind: "authenticator", Factor: session.Possession, At: tx.Now}}
	token, _, err = m.Start(tx, user, proofs, false, session.Origin{})
	return token, err
}

// drained are the messages that a node sends from now on.
func (w *world) drained() <-chan message.Message {
	s := w.node()
	ctx, stop := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() { s.Run(ctx); close(ended) }()
	w.t.Cleanup(func() { stop(); <-ended })
	return w.sent
}
