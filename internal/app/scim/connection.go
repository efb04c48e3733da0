// A connection, and its tokens.
package scim

import (
	"cmp"
	"strings"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/problem"
)

// Connection is a system that keeps people here.
type Connection struct {
	ID        string
	Name      string // unique; stands in the audit trail as the actor scim:NAME
	CreatedAt time.Time
	People    int64 // that it keeps
	Groups    int64
	Tokens    []Token // the newest first
}

// Token is the right to speak for a connection. The token itself is kept nowhere.
type Token struct {
	ID        string
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // exact to five minutes; zero: never
}

// Bounds of a connection.
const (
	nameMax      = 40 // bytes
	activeTokens = 2  // the one in use, and the one that will be
	// MaxTokenLife is how long a token can work. Systems such as Entra warn nobody before it ends.
	MaxTokenLife = 2 * 365 * 24 * time.Hour
)

// actor is the connection in the audit trail.
func (c Connection) actor() string { return "scim:" + c.Name }

// Add makes a connection and its first token, which is to be shown once. Its errors are Invalid problems.
func Add(tx *db.Tx, ring *keys.Ring, actor, name string, life time.Duration) (Connection, string, error) {
	if err := CheckName(name); err != nil {
		return Connection{}, "", err
	}
	c := Connection{ID: db.NewID(), Name: name, CreatedAt: tx.Now}
	added, err := insertConnection(tx, c)
	if err != nil {
		return c, "", err
	}
	if !added {
		return c, "", problem.Field("name", "scim.name.taken")
	}
	if err := record(tx, actor, name, "connection-added"); err != nil {
		return c, "", err
	}
	token, err := NewToken(tx, ring, actor, c, life)
	return c, token, err
}

// CheckName tells why s cannot name a connection or a target: small letters, digits and hyphens are wanted, because the name
// is typed in commands.
func CheckName(s string) error {
	if s == "" || len(s) > nameMax || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return problem.Field("name", "scim.name.form", problem.Args{"max": nameMax})
	}
	return nil
}

// NewToken gives the connection one more token. Of those that it had, the newest goes on working, so that the token can be
// changed without a pause; older ones end.
func NewToken(tx *db.Tx, ring *keys.Ring, actor string, c Connection, life time.Duration) (string, error) {
	if life <= 0 || life > MaxTokenLife {
		return "", problem.Field("days", "scim.token.life", problem.Args{"max": int(MaxTokenLife / (24 * time.Hour))})
	}
	token := db.NewToken()
	if err := keepTokens(tx, c.ID, activeTokens-1); err != nil {
		return "", err
	}
	if err := insertToken(tx, c.ID, fingerprint(ring, token), tx.Now.Add(life)); err != nil {
		return "", err
	}
	return token, record(tx, actor, c.Name, "token-made")
}

// EndOldTokens ends every token of the connection but the newest.
func EndOldTokens(tx *db.Tx, actor string, c Connection) error {
	if err := keepTokens(tx, c.ID, 1); err != nil {
		return err
	}
	return record(tx, actor, c.Name, "tokens-ended")
}

func fingerprint(ring *keys.Ring, token string) []byte { return ring.MAC("scim-token", token) }

// Remove ends the connection with its tokens. People and groups stay as they are.
func Remove(tx *db.Tx, actor string, c Connection) error {
	if err := deleteConnection(tx, c.ID); err != nil {
		return err
	}
	return record(tx, actor, c.Name, "connection-removed")
}

// GivePerson lets the connection see and change somebody whom it did not make. Who has a role for others is given to none:
// a system elsewhere would decide over those who decide here. Its error for them is Forbidden.
func GivePerson(tx *db.Tx, actor string, c Connection, user directory.User) error {
	if user.Role != directory.Member {
		return problem.New(problem.Forbidden, "scim.give.role", problem.Args{"name": user.Username})
	}
	added, err := insertLink(tx, link{connection: c.ID, id: user.ID, document: map[string]any{}, created: tx.Now, changed: tx.Now})
	if err != nil || !added {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.ScimChanged, Actor: actor, User: user.ID,
		Detail: audit.Detail{"name": c.Name, "what": "person-given"}})
}

// GiveGroup lets the connection see and change a group that it did not make.
func GiveGroup(tx *db.Tx, actor string, c Connection, group directory.Group) error {
	added, err := insertGroupLink(tx, groupLink{connection: c.ID, id: group.ID, created: tx.Now, changed: tx.Now})
	if err != nil || !added {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.ScimChanged, Actor: actor,
		Detail: audit.Detail{"name": c.Name, "what": "group-given", "group": group.ID}})
}

// Named finds a connection. Its error is NotFound.
func Named(tx *db.Tx, name string) (Connection, error) {
	all, err := connections(tx, name)
	if err == nil && len(all) == 0 {
		err = problem.New(problem.NotFound, "scim.connection.not-found", problem.Args{"name": cmp.Or(name, "-")})
	}
	if err != nil {
		return Connection{}, err
	}
	return all[0], nil
}

// List are all connections, in the order of their names.
func List(tx *db.Tx) ([]Connection, error) { return connections(tx, "") }

func record(tx *db.Tx, actor, name, what string) error {
	return audit.Record(tx, audit.Event{Type: audit.ScimChanged, Actor: actor, Detail: audit.Detail{"name": name, "what": what}})
}
