package externalmfa_test

import (
	"context"
	"regexp"
	"sync"

	"woggle/internal/app/externalmfa"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/session"
)

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// codeIn is the code that a message brings.
func codeIn(m message.Message) string { return sixDigits.FindString(m.Code + " " + m.Body) }

// session makes a session of somebody, as a sign-in would.
func (w *world) session(tx *db.Tx, user directory.User) (token string, err error) {
	m := &session.Manager{DB: w.db, Keys: w.ring}
	proofs := []session.Proof{{Kind: "password", Factor: session.Knowledge, At: tx.Now}, {Kind: "authenticator", Factor: session.Possession, At: tx.Now}}
	token, _, err = m.Start(tx, user, proofs, false, session.Origin{})
	return token, err
}

// drained are the messages that the first node sends from now on.
func (w *world) drained() <-chan message.Message {
	s := w.first
	ctx, stop := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() { s.Run(ctx); close(ended) }()
	w.t.Cleanup(func() { stop(); <-ended })
	return w.sent
}

// count asks the database.
func (w *world) count(query string, into *int) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) error { return tx.Row(query, nil, into) })
}

func (w *world) sweep() {
	w.t.Helper()
	w.tx(externalmfa.Sweep)
}

// atOnce does something that often at the same time, and counts what came of it.
func (w *world) atOnce(times int, do func() int) map[int]int {
	w.t.Helper()
	results := make([]int, times)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() { results[i] = do() })
	}
	all.Wait()
	counts := map[int]int{}
	for _, result := range results {
		counts[result]++
	}
	return counts
}
