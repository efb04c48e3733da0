// Reaching an app: a push when a sign-in waits, and the open connections of apps that are looked at.
package authenticator

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"sync"
	"time"

	"woggle/internal/db"
	"woggle/internal/message/push"
	"woggle/internal/signin"
)

// mostPushes are under way at once. A push service that hangs must not gather more and more of them; who gets none has the app.
const mostPushes = 64

// knock pushes that a sign-in waits, once that is committed. It says no more than that: what it is about, the app asks for.
func (m *Method) knock(tx *db.Tx, d device, c signin.Challenge) {
	if d.Push == nil {
		return
	}
	to, err := m.openPush(d)
	if err != nil {
		m.Flow.Log.Error("where an app is reached cannot be opened", "error", err)
		return
	}
	payload, _ := json.Marshal(map[string]string{"request": c.ID}) // never fails
	note := push.Message{Payload: payload, TTL: askLife, Urgency: push.High, Topic: d.ID[:32]}
	tx.AfterCommit(func() {
		select {
		case m.pushes <- struct{}{}:
			go func() {
				defer func() { <-m.pushes }()
				m.push(d, to, note)
			}()
		default:
			m.Flow.Log.Warn("a push was not sent: too many are under way")
		}
	})
}

func (m *Method) push(d device, to push.Subscription, note push.Message) {
	ctx, cancel := context.WithTimeout(context.Background(), note.TTL)
	defer cancel()
	err := m.Push.Send(ctx, to, note)
	if errors.Is(err, push.ErrGone) {
		err = m.DB.Tx(ctx, func(tx *db.Tx) error { return dropPush(tx, d) })
	}
	if err != nil {
		m.Flow.Log.Warn("a push was not delivered; the app shows the sign-in when it is opened", "error", err)
	}
}

// The bounds of connections that are held open.
const (
	longestWait = 25 * time.Second // well below what a connection of ours may last, and what proxies allow
	lookEvery   = time.Second
	mostWaiting = 500 // on this node
	mostHere    = 300 // from one address: a hall of phones, and not all that there are
	mostEach    = 2   // of one app: the page, and the one that it has just replaced
)

// waiters counts the connections that are held open.
type waiters struct {
	mu   sync.Mutex
	all  int
	each map[string]int
	here map[netip.Prefix]int
}

// enter tells whether one more connection of the app may be held open, from the place; then leave has to follow. Each asks the
// database once a second.
func (w *waiters) enter(device string, place netip.Prefix) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all >= mostWaiting || w.here[place] >= mostHere || w.each[device] >= mostEach {
		return false
	}
	w.all++
	w.each[device]++
	w.here[place]++
	return true
}

func (w *waiters) leave(device string, place netip.Prefix) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all--
	if w.each[device]--; w.each[device] == 0 {
		delete(w.each, device)
	}
	if w.here[place]--; w.here[place] == 0 {
		delete(w.here, place)
	}
}
