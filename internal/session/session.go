// The rules of a session: how long it lives, how it is raised, how it ends.
package session

import (
	"context"
	"net/http"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
)

// How long a session lives (NIST SP 800-63B-4 section 2.2.3, for AAL2).
const (
	idle     = time.Hour
	absolute = 24 * time.Hour
	seen     = 5 * time.Minute // a use is written down no more often than this
)

// Session is one signed-in browser.
type Session struct {
	ID        string
	User      directory.User
	Proofs    []Proof
	AuthAt    time.Time // when every factor was last proved in one go (auth_time, OpenID Connect Core section 2)
	Stay      bool      // the person chose to stay signed in
	Address   string
	Agent     string // browser and system in plain words
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

// Fresh tells whether possession was proved within age before now.
func (s *Session) Fresh(age time.Duration, now time.Time) bool {
	return Since(s.Proofs, Possession, now.Add(-age))
}

// Origin is where a request came from.
type Origin struct {
	Address string
	Agent   string // the User-Agent header
}

// Manager makes, finds and ends sessions.
type Manager struct {
	DB     *db.DB
	Keys   *keys.Ring
	Stay   time.Duration // how long a person may choose to stay signed in; 0 does not offer it
	Secure bool          // the site is served over TLS
	Ended  func()        // is told when sessions were ended on this node, if there is one who keeps something of them
}

// Start makes a session for somebody who proved enough. The token goes to the browser and is kept nowhere.
func (m *Manager) Start(tx *db.Tx, user directory.User, proofs []Proof, stay bool, from Origin) (token string, s Session, err error) {
	token = db.NewToken()
	s = Session{ID: db.NewID(), User: user, Proofs: proofs, AuthAt: Newest(proofs), Stay: stay && m.Stay > 0,
		Address: from.Address, Agent: Browser(from.Agent), CreatedAt: tx.Now, SeenAt: tx.Now, ExpiresAt: tx.Now.Add(absolute)}
	if s.Stay {
		s.ExpiresAt = tx.Now.Add(m.Stay)
	}
	return token, s, insert(tx, s, m.fingerprint(token))
}

// Raise gives a session new proofs and a new token. Apps are told the time of the last whole authentication, which one
// more code does not move: that says nothing of the password.
func (m *Manager) Raise(tx *db.Tx, s *Session, proofs []Proof) (token string, err error) {
	token = db.NewToken()
	if again := s.AuthAt.Add(time.Millisecond); Since(proofs, Knowledge, again) && Since(proofs, Possession, again) {
		s.AuthAt = Newest(proofs)
	}
	s.Proofs = proofs
	return token, raise(tx, s.ID, m.fingerprint(token), s.Proofs, s.AuthAt)
}

// Find is the live session of a token, or nil. What ends a session is decided here, at the moment of use.
func (m *Manager) Find(ctx context.Context, token string) (*Session, error) {
	if len(token) != tokenLength {
		return nil, nil
	}
	return m.recall(ctx, func(tx *db.Tx) (s *Session, err error) {
		// It may have been begun before the newest key was there.
		for _, fingerprint := range m.Keys.Lookups("session", token) {
			if s, err = find(tx, fingerprint); s != nil || err != nil {
				break
			}
		}
		return s, err
	})
}

// OfVisit is the live session whose stay at the app the visit is, or nil, as Find is of a token. To ask for it is to use
// the session: whoever works in an app is not idle.
func (m *Manager) OfVisit(ctx context.Context, visit, app string) (*Session, error) {
	return m.recall(ctx, func(tx *db.Tx) (*Session, error) { return findVisit(tx, visit, app) })
}

// recall finds a session with one statement, and notes that it is used.
func (m *Manager) recall(ctx context.Context, find func(*db.Tx) (*Session, error)) (*Session, error) {
	var s *Session
	err := m.DB.Ask(ctx, func(tx *db.Tx) (err error) {
		s, err = find(tx)
		if s != nil && (!s.ExpiresAt.After(tx.Now) || (!s.Stay && tx.Now.Sub(s.SeenAt) > idle)) {
			s = nil
		}
		return err
	})
	if err != nil || s == nil || m.DB.Now().Sub(s.SeenAt) < seen {
		return s, err
	}
	return s, m.DB.Tx(ctx, func(tx *db.Tx) error { return touch(tx, s.ID) })
}

// List are the person's live sessions, the last used first.
func (m *Manager) List(tx *db.Tx, user string) ([]Session, error) { return list(tx, user) }

// End ends one session of the user.
func (m *Manager) End(tx *db.Tx, user, id, actor string) error {
	ended, err := end(tx, user, id)
	if err != nil {
		return err
	}
	if err := leave(tx, user, id, true); err != nil || !ended {
		return err
	}
	m.ended(tx)
	return audit.Record(tx, audit.Event{Type: audit.SessionEnded, Actor: actor, User: user})
}

// SignOut ends the session because its person wants to.
func (m *Manager) SignOut(tx *db.Tx, s *Session) error {
	ended, err := end(tx, s.User.ID, s.ID)
	if err != nil {
		return err
	}
	if err := leave(tx, s.User.ID, s.ID, false); err != nil || !ended {
		return err
	}
	m.ended(tx)
	return audit.Record(tx, audit.Event{Type: audit.SignedOut, Actor: s.User.ID, User: s.User.ID})
}

// EndOthers ends every session of the user but the one with id keep, which may be empty.
func (m *Manager) EndOthers(tx *db.Tx, user, keep, actor string) error {
	if err := endOthers(tx, user, keep); err != nil {
		return err
	}
	if err := leaveOthers(tx, user, keep); err != nil {
		return err
	}
	m.ended(tx)
	return audit.Record(tx, audit.Event{Type: audit.SessionsEnded, Actor: actor, User: user})
}

func (m *Manager) ended(tx *db.Tx) {
	if m.Ended != nil {
		tx.AfterCommit(m.Ended)
	}
}

const tokenLength = 52 // of db.NewToken

func (m *Manager) fingerprint(token string) []byte { return m.Keys.MAC("session", token) }

// CookieName is the session cookie. With the prefix __Host- a browser takes it only from this very host, over TLS and
// for every path (RFC 6265bis section 4.1.3); a site without TLS, which can only be a demonstration on this computer
// or a server behind a proxy on it, cannot use the prefix.
func (m *Manager) CookieName() string {
	if m.Secure {
		return "__Host-woggle-session"
	}
	return "woggle-session"
}

// SetCookie gives the browser its token. Who does not stay signed in gets a cookie that ends with the browser.
func (m *Manager) SetCookie(w http.ResponseWriter, token string, stay bool) {
	cookie := &http.Cookie{Name: m.CookieName(), Value: token, Path: "/", HttpOnly: true, Secure: m.Secure, SameSite: http.SameSiteLaxMode}
	if stay && m.Stay > 0 {
		cookie.MaxAge = int(m.Stay / time.Second)
	}
	http.SetCookie(w, cookie)
}

// ClearCookie takes the token from the browser.
func (m *Manager) ClearCookie(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: m.CookieName(), Path: "/", MaxAge: -1, HttpOnly: true, Secure: m.Secure, SameSite: http.SameSiteLaxMode})
}

type contextKey struct{}

// With puts the session into the request's context.
func With(r *http.Request, s *Session) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), contextKey{}, s))
}

// Of is the request's session, or nil.
func Of(r *http.Request) *Session {
	s, _ := r.Context().Value(contextKey{}).(*Session)
	return s
}
