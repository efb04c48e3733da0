// The SQL of grants.
package oidc

import (
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/limit"
	"woggle/internal/session"
)

func insertGrant(tx *db.Tx, g grant, codeUntil, sweepAt time.Time) error {
	raw, err := json.Marshal(g.Terms)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO oidc_grants (id, app_id, visit_id, user_id, offline, scope, terms, claims, code_until, redeemed_at, sweep_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, g.ID, g.App, g.Visit, g.User, g.Offline, strings.Join(g.Scope, " "), string(raw),
		strings.Join(g.Claims, " "), db.Millis(codeUntil), db.Millis(g.RedeemedAt), db.Millis(sweepAt))
	return err
}

// lives is what must hold for a grant at the time $3, whatever it is used for: the person is active, nothing has ended all that
// was begun before (the epoch), and the session that it hangs on goes on, or it may outlive that. It stands in the
// statement that spends, so that nothing can happen in between.
var lives = `oidc_grants.revoked_at = 0 AND (oidc_grants.visit_id = '' OR EXISTS
	(SELECT 1 FROM visits v JOIN users u ON u.id = v.user_id WHERE v.id = oidc_grants.visit_id AND ` + session.VisitLive("$3") + `
		AND (oidc_grants.offline OR v.ended_at = 0 AND v.expires_at > $3)))`

const grantColumns = `id, app_id, visit_id, user_id, offline, scope, terms, redeemed_at, generation, rotated_at, idle_until, ends_at`

func scanGrant(g *grant, scan func(dest ...any) (bool, error), more ...any) (bool, error) {
	var scope, raw string
	var redeemed, generation, rotated, idle, ends int64
	found, err := scan(append([]any{&g.ID, &g.App, &g.Visit, &g.User, &g.Offline, &scope, &raw, &redeemed, &generation, &rotated, &idle, &ends}, more...)...)
	if err != nil || !found {
		return false, err
	}
	g.Scope, g.Generation = strings.Fields(scope), uint32(generation)
	g.RedeemedAt, g.RotatedAt, g.IdleUntil, g.EndsAt = db.Time(redeemed), db.Time(rotated), db.Time(idle), db.Time(ends)
	g.raw = []byte(raw)
	return true, nil
}

// unpack reads the terms, which many uses of a grant need not know.
func (g *grant) unpack() error { return json.Unmarshal(g.raw, &g.Terms) }

var redeemQuery = `UPDATE oidc_grants SET redeemed_at = $3, rotated_at = $3, generation = $4, idle_until = $5, ends_at = $6, sweep_at = $7
	WHERE id = $1 AND app_id = $2 AND redeemed_at = 0 AND code_until > $3 AND ` + lives + ` RETURNING ` + grantColumns

// redeem spends the code of a grant of the app, if it is not spent and not too old: of many at once, one finds it.
func redeem(tx *db.Tx, id, app string, refreshes bool, life time.Duration) (g grant, found bool, err error) {
	generation, idle, ends := int64(0), int64(0), tx.Now.Add(life)
	if refreshes {
		generation, idle, ends = 1, tx.Now.Add(idleLife).UnixMilli(), tx.Now.Add(absoluteLife)
	}
	found, err = scanGrant(&g, func(dest ...any) (bool, error) {
		return tx.Found(redeemQuery, []any{id, app, tx.Now.UnixMilli(), generation, idle, ends.UnixMilli(), max(idle, tx.Now.Add(life).UnixMilli())}, dest...)
	})
	return g, found, err
}

var rotateQuery = `UPDATE oidc_grants SET generation = generation + 1, rotated_at = $3,
		idle_until = CASE WHEN ends_at < $5 THEN ends_at ELSE $5 END
	WHERE id = $1 AND app_id = $2 AND generation = $4 AND idle_until > $3 AND ends_at > $3 AND ` + lives + ` RETURNING ` + grantColumns

// rotate spends the refresh token of one generation: the next is good from then on.
func rotate(tx *db.Tx, id, app string, generation uint32) (g grant, found bool, err error) {
	idle := tx.Now.Add(idleLife).UnixMilli()
	found, err = scanGrant(&g, func(dest ...any) (bool, error) {
		return tx.Found(rotateQuery, []any{id, app, tx.Now.UnixMilli(), int64(generation), idle}, dest...)
	})
	return g, found, err
}

// living is lives as a column of a query in which g is the grant, v its visit and u their user, at the time $2.
var living = `g.revoked_at = 0 AND (g.visit_id = '' OR v.id IS NOT NULL AND ` + session.VisitLive("$2") + `
	AND (g.offline OR v.ended_at = 0 AND v.expires_at > $2))`

const withVisit = ` FROM oidc_grants g LEFT JOIN visits v ON v.id = g.visit_id LEFT JOIN users u ON u.id = v.user_id WHERE g.id = $1`

var grantQuery = `SELECT g.` + strings.ReplaceAll(grantColumns, ", ", ", g.") + `, ` + living + withVisit

// grantByID reads a grant, and whether anything of it is good still.
func grantByID(tx *db.Tx, id string) (g grant, found bool, err error) {
	found, err = scanGrant(&g, func(dest ...any) (bool, error) { return tx.Found(grantQuery, []any{id, tx.Now.UnixMilli()}, dest...) }, &g.live)
	return g, found, err
}

var accessQuery = `SELECT g.app_id, g.user_id, g.scope, g.claims, u.username, u.email, u.given_name, u.family_name, u.locale` +
	withVisit + ` AND g.voided_at < $3 AND ` + living

// accessByID reads what an access token stands for that was made at the time, if it is good, with its person: one statement,
// and no more columns than are needed, because apps ask all day.
func accessByID(tx *db.Tx, id string, madeAt time.Time) (g grant, user directory.User, found bool, err error) {
	var scope, claims string
	var username, email, given, family, locale sql.NullString // nobody, for an app's own token
	found, err = tx.Found(accessQuery, []any{id, tx.Now.UnixMilli(), madeAt.UnixMilli()}, &g.App, &g.User, &scope, &claims,
		&username, &email, &given, &family, &locale)
	g.ID, g.Scope, g.Claims = id, strings.Fields(scope), strings.Fields(claims)
	return g, directory.User{ID: g.User, Username: username.String, Email: email.String, GivenName: given.String, FamilyName: family.String,
		Locale: locale.String}, found, err
}

var answeredQuery = `SELECT g.app_id, g.user_id, g.scope` + withVisit + ` AND g.voided_at < $3 AND ` + living

// answeredByID is accessByID for who asks only whether the token is good, and of whom.
func answeredByID(tx *db.Tx, id string, madeAt time.Time) (g grant, found bool, err error) {
	var scope string
	found, err = tx.Found(answeredQuery, []any{id, tx.Now.UnixMilli(), madeAt.UnixMilli()}, &g.App, &g.User, &scope)
	g.ID, g.Scope = id, strings.Fields(scope)
	return g, found, err
}

// revoke ends a grant and tells whether it was alive.
func revoke(tx *db.Tx, id string) (bool, error) {
	n, err := tx.Exec("UPDATE oidc_grants SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0", id, tx.Now.UnixMilli())
	return n == 1, err
}

// voidAccess ends the access tokens of a grant that were made up to a time; its refresh token goes on.
func voidAccess(tx *db.Tx, id string, madeAt time.Time) error {
	_, err := tx.Exec("UPDATE oidc_grants SET voided_at = $2 WHERE id = $1 AND voided_at < $2", id, db.Millis(madeAt))
	return err
}

// How the sweep goes about: so many rows at once, so that nobody waits; and no row earlier than a day after its end, because a
// clock may have been wrong.
const (
	swept     = 1000
	sweepKeep = 24 * time.Hour
)

// Sweep deletes what is long over, as much at once as nobody has to wait for, and tells whether there may be more. Nothing
// depends on it.
func Sweep(tx *db.Tx) (more bool, err error) {
	if err := limit.Forget(tx, pushes, startDevices); err != nil {
		return false, err
	}
	old := tx.Now.Add(-sweepKeep).UnixMilli()
	for _, statement := range []string{
		// What is refreshed again and again is not noted each time, only once its first day is over.
		`UPDATE oidc_grants SET sweep_at = idle_until WHERE id IN
			(SELECT id FROM oidc_grants WHERE sweep_at < $1 AND idle_until >= $1 ORDER BY sweep_at LIMIT $2)`,
		`DELETE FROM oidc_grants WHERE id IN
			(SELECT id FROM oidc_grants WHERE sweep_at < $1 AND idle_until < $1 ORDER BY sweep_at LIMIT $2)`,
		`DELETE FROM oidc_devices WHERE id IN (SELECT id FROM oidc_devices WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`,
		`DELETE FROM oidc_pushed WHERE hash IN (SELECT hash FROM oidc_pushed WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`,
		`DELETE FROM oidc_logouts WHERE visit_id IN (SELECT visit_id FROM oidc_logouts WHERE next_at < $1 ORDER BY next_at LIMIT $2)`,
		`DELETE FROM oidc_assertions WHERE hash IN (SELECT hash FROM oidc_assertions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`,
	} {
		n, err := tx.Exec(statement, old, swept)
		if err != nil {
			return false, err
		}
		more = more || n == swept
	}
	_, err = tx.Exec("DELETE FROM oidc_secrets WHERE app_id NOT IN (SELECT id FROM apps)")
	return more, err
}
