package externalmfa_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
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

// postBare posts a form as another site's page does: without cookies, and without following.
func (w *world) postBare(form map[string]string) *http.Response {
	w.t.Helper()
	values := url.Values{}
	for name, value := range form {
		values.Set(name, value)
	}
	return w.postValues(values)
}

func (w *world) postValues(values url.Values) *http.Response {
	w.t.Helper()
	request, err := http.NewRequest(http.MethodPost, w.web.URL+externalmfa.AuthorizePath, strings.NewReader(values.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", w.tenant.URL)
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { answer.Body.Close() })
	return answer
}
