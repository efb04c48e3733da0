// What apps ask of us, in JSON. There is no visitor: no cookie is read or set, and who asks is shown by a proof (dpop.go).
package authenticator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message/push"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

// mostBody bounds what an app may send, in bytes.
const mostBody = 8 << 10

// MountDevices adds the routes of apps. They stand beside the app's own files, which are served from /authenticator/.
func (m *Method) MountDevices(bare func(pattern string, h http.HandlerFunc)) {
	bare("GET /authenticator/api/push", m.api(m.pushKey))
	bare("POST /authenticator/api/devices", m.api(m.register))
	bare("PUT /authenticator/api/devices/{id}/push", m.api(m.takePush))
	bare("GET /authenticator/api/devices/{id}/requests", m.api(m.requests))
	bare("POST /authenticator/api/devices/{id}/requests/{request}", m.api(m.takeAnswer))
	bare("PUT /authenticator/api/devices/{id}/copy", m.sized(mostCopyBody, m.takeCopy))
	bare("DELETE /authenticator/api/devices/{id}/copy", m.api(m.dropCopy))
	bare("POST /authenticator/api/copies", m.api(m.giveCopy))
	bare("DELETE /authenticator/api/devices/{id}", m.api(m.leave))
	// What is asked in another way is no page of the app, which lives at /authenticator/ under a policy of its own.
	bare("GET /authenticator/api/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		http.NotFound(w, r)
	})
}

// answerer gives what is written as JSON.
type answerer func(w http.ResponseWriter, r *http.Request) (any, error)

// api writes what a handler gives as JSON, and its error as a status with a word that the app knows.
func (m *Method) api(handle answerer) http.HandlerFunc { return m.sized(mostBody, handle) }

// sized is api for what may send so many bytes.
func (m *Method) sized(most int64, handle answerer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, most)
		var given any
		err := error(errForeign)
		// Another site's page could not make the proof. It has no business here either.
		if site := r.Header.Get("Sec-Fetch-Site"); site == "" || site == "same-origin" || site == "none" {
			given, err = handle(w, r)
		}
		status := http.StatusOK
		if r.Context().Err() != nil {
			return // nobody listens any more
		}
		if err != nil {
			if wait := waitOf(err); wait > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(wait))
			}
			no := m.refusal(err)
			status, given = no.status, map[string]string{"error": no.word}
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(given) // it has gone if that fails
	}
}

// refusal is how an error is told to an app.
func (m *Method) refusal(err error) *refusal {
	if no := refused(err); no != nil {
		return no
	}
	if problem.Is(err, problem.Forbidden) { // changes are frozen
		return errStopped
	}
	m.Flow.Log.Error("an app was not answered", "error", err)
	if errors.Is(err, db.ErrUnavailable) {
		return &refusal{http.StatusServiceUnavailable, "later"}
	}
	return &refusal{http.StatusInternalServerError, "fault"}
}

func read(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	if errors.As(err, new(*http.MaxBytesError)) {
		return errLarge
	}
	if err != nil || json.Unmarshal(body, into) != nil {
		return errBody
	}
	return nil
}

// pushKey is what a browser needs to subscribe to pushes of ours. It is public.
func (m *Method) pushKey(_ http.ResponseWriter, r *http.Request) (any, error) {
	key, err := m.Push.Key(r.Context())
	return map[string]string{"key": key}, err
}

// register pairs an app with the set-up that its token names.
func (m *Method) register(_ http.ResponseWriter, r *http.Request) (any, error) {
	s, err := m.shown(r)
	if err != nil {
		return nil, err
	}
	var form struct {
		Token string             `json:"token"`
		Push  *push.Subscription `json:"push"`
	}
	if err := read(r, &form); err != nil {
		return nil, err
	}
	if form.Push != nil && form.Push.Check() != nil {
		return nil, errPush
	}
	setUp, ok := m.pairingOf(form.Token)
	if !ok {
		return nil, m.stranger(r, errToken)
	}
	if err := m.count(r.Context(), devicePairs, setUp); err != nil {
		return nil, err
	}
	var no error
	err = m.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		no, err = m.pair(tx, s, setUp, form.Push)
		return err
	})
	if err == nil {
		err = no
	}
	return map[string]string{"id": s.device}, err
}

// act works for the app that has signed the request and is named in its address, in a transaction that uses the proof up.
func (m *Method) act(r *http.Request, work func(tx *db.Tx, d device, s statement) error) error {
	s, err := m.shown(r)
	if err != nil {
		return err
	}
	if s.device != r.PathValue("id") {
		return errUnknown
	}
	if err := m.known(r, s.device); err != nil {
		return err
	}
	var no error
	err = m.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		no, err = counted(tx, s.device, func() error {
			d, err := live(tx, s.device)
			if err != nil {
				return err
			}
			if err := m.admit(tx, s); err != nil {
				return err
			}
			if err := seeDevice(tx, d.ID); err != nil {
				return err
			}
			return work(tx, d, s)
		})
		return err
	})
	if err == nil {
		err = no
	}
	return err
}

// takePush stores where the app is reached from now on; null is nowhere.
func (m *Method) takePush(_ http.ResponseWriter, r *http.Request) (any, error) {
	var to *push.Subscription
	if err := read(r, &to); err != nil {
		return nil, err
	}
	if to != nil && to.Check() != nil {
		return nil, errPush
	}
	return struct{}{}, m.act(r, func(tx *db.Tx, d device, _ statement) error {
		sealed, err := m.sealPush(d.ID, to)
		if err != nil {
			return err
		}
		return setPush(tx, d.ID, sealed)
	})
}

// leave lets the app go.
func (m *Method) leave(_ http.ResponseWriter, r *http.Request) (any, error) {
	return struct{}{}, m.act(r, func(tx *db.Tx, d device, _ statement) error { return m.letGo(tx, d) })
}

// takeAnswer takes the app's answer to a request. It stands in the proof itself, so the app's key has signed it together with
// the request that it is for.
func (m *Method) takeAnswer(_ http.ResponseWriter, r *http.Request) (any, error) {
	var state State
	err := m.act(r, func(tx *db.Tx, d device, s statement) (err error) {
		state, err = m.answered(tx, d, r.PathValue("request"), s)
		return err
	})
	return map[string]State{"state": state}, err
}

// request is a sign-in that waits, as the app shows it. The number is not in it.
type request struct {
	ID           string    `json:"id"`
	Organisation string    `json:"organisation"`
	Account      string    `json:"account"`
	App          string    `json:"app,omitempty"`
	Browser      string    `json:"browser,omitempty"`
	Network      string    `json:"network,omitempty"` // the beginning of the browser's address
	Near         bool      `json:"near"`              // it is behind the same address as the app
	At           time.Time `json:"at"`
	Left         int64     `json:"left"` // milliseconds
}

type waitingRequests struct {
	Requests []request `json:"requests"`
	Now      time.Time `json:"now"`
}

// requests tells what waits for the app. With wait=25 it holds the connection open for up to 25 seconds until something does; where
// too many do so, it answers at once and says how long to stay away.
func (m *Method) requests(w http.ResponseWriter, r *http.Request) (any, error) {
	var found waitingRequests
	look := func(tx *db.Tx, d device, _ statement) (err error) {
		found, err = m.waiting(tx, d, page.VisitOf(r).Address)
		return err
	}
	if err := m.act(r, look); err != nil || len(found.Requests) > 0 {
		return found, err
	}
	seconds, _ := strconv.Atoi(r.URL.Query().Get("wait")) // what is no number waits for nothing
	if seconds <= 0 {
		return found, nil
	}
	device := r.PathValue("id")
	place := here(page.VisitOf(r).Address)
	if !m.waiters.enter(device, place) {
		w.Header().Set("Retry-After", "5")
		return found, nil
	}
	defer m.waiters.leave(device, place)
	end := time.NewTimer(min(time.Duration(seconds)*time.Second, longestWait))
	defer end.Stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-end.C:
			return found, nil
		case <-m.stop.Done():
			return found, nil
		case <-r.Context().Done():
			return found, nil
		}
		err := m.DB.View(r.Context(), func(tx *db.Tx) error {
			d, err := live(tx, device) // what was taken away meanwhile ends the connection
			if err != nil {
				return err
			}
			return look(tx, d, statement{})
		})
		if err != nil || len(found.Requests) > 0 {
			return found, err
		}
	}
}

// waiting are the requests to the app of d, which is at the address.
func (m *Method) waiting(tx *db.Tx, d device, from netip.Addr) (waitingRequests, error) {
	found := waitingRequests{Requests: []request{}, Now: tx.Now}
	open, err := m.Flow.Waiting(tx, d.User, signin.Authenticator)
	if err != nil || len(open) == 0 {
		return found, err
	}
	user, err := directory.ByID(tx, d.User)
	if err != nil {
		return found, err
	}
	for _, c := range open {
		if c.Method != d.Method {
			continue
		}
		q := questionOf(c)
		found.Requests = append(found.Requests, request{ID: c.ID, Organisation: m.Pages.Brand().Name, Account: user.Username, App: q.App,
			Browser: q.Browser, Network: network(q.From).String(), Near: network(q.From).IsValid() && here(q.From) == here(from),
			At: c.CreatedAt, Left: c.ExpiresAt.Sub(tx.Now).Milliseconds()})
	}
	return found, nil
}

// network is as much of an address as tells one place from another.
func network(address netip.Addr) netip.Prefix {
	bits := 24
	if address.Is6() {
		bits = 48
	}
	prefix, _ := address.Prefix(bits) // the zero value for no address
	return prefix
}

// here is what one household has: an address of IPv4, 64 bits of IPv6.
func here(address netip.Addr) netip.Prefix {
	bits := 32
	if address.Is6() {
		bits = 64
	}
	prefix, _ := address.Prefix(bits)
	return prefix
}
