// The catalogue of events and their record.
package audit

import (
	"encoding/json"
	"time"

	"woggle/internal/db"
)

// Type names an event. Each has a sentence in the locale files, audit.<type>, which a test demands.
type Type string

// The catalogue.
const (
	SignedIn             Type = "signed-in"
	SignedOut            Type = "signed-out"
	SessionEnded         Type = "session-ended"
	SessionsEnded        Type = "sessions-ended"
	Refused              Type = "refused"
	WrongPassword        Type = "wrong-password"
	WrongCode            Type = "wrong-code"
	GuessesBlocked       Type = "guesses-blocked"
	SprayingSuspected    Type = "spraying-suspected"
	Proved               Type = "proved"
	CodeSent             Type = "code-sent"
	SendingRefused       Type = "sending-refused"
	CodeUnwanted         Type = "code-unwanted"
	MethodAdded          Type = "method-added"
	MethodUpdated        Type = "method-updated"
	MethodRenamed        Type = "method-renamed"
	MethodRemoved        Type = "method-removed"
	MethodDisabled       Type = "method-disabled"
	PasskeyCopied        Type = "passkey-copied"
	DefaultChanged       Type = "default-changed"
	PasswordSet          Type = "password-set"
	PasswordChanged      Type = "password-changed"
	RecoveryAsked        Type = "recovery-asked"
	DetailsChanged       Type = "details-changed"
	NotMe                Type = "not-me"
	Unfrozen             Type = "unfrozen"
	UserAdded            Type = "user-added"
	UserDisabled         Type = "user-disabled"
	UserEnabled          Type = "user-enabled"
	UserLocked           Type = "user-locked"
	PassIssued           Type = "pass-issued"
	PassUsed             Type = "pass-used"
	RoleChanged          Type = "role-changed"
	GroupJoined          Type = "group-joined"
	GroupLeft            Type = "group-left"
	MethodsReset         Type = "methods-reset"
	FieldChanged         Type = "field-changed"
	SetupLinkMade        Type = "setup-link-made"
	BackupRestored       Type = "backup-restored"
	BackupMade           Type = "backup-made"
	BackupFailed         Type = "backup-failed"
	SpendingAlarm        Type = "spending-alarm"
	RangeClosed          Type = "range-closed"
	OriginClosed         Type = "origin-closed"
	RangeOpened          Type = "range-opened"
	PriceMissing         Type = "price-missing"
	AppEntered           Type = "app-entered"
	AppRefused           Type = "app-refused"
	AppLeft              Type = "app-left"
	AppAdded             Type = "app-added"
	AppChanged           Type = "app-changed"
	AppRemoved           Type = "app-removed"
	SigningKeyMade       Type = "signing-key-made"
	AppTokenReused       Type = "app-token-reused"
	AppSecretMade        Type = "app-secret-made"
	AppSecretEnded       Type = "app-secret-ended"
	AppConsented         Type = "app-consented"
	AppDeviceAllowed     Type = "app-device-allowed"
	ProvedElsewhere      Type = "proved-elsewhere"
	ExternalMFAConnected Type = "external-mfa-connected"
	ExternalMFARemoved   Type = "external-mfa-removed"
	ExternalMFALinked    Type = "external-mfa-linked"
	ExternalMFAUnlinked  Type = "external-mfa-unlinked"
	ExternalMFARefused   Type = "external-mfa-refused"
	GroupAdded           Type = "group-added"
	GroupRenamed         Type = "group-renamed"
	GroupRemoved         Type = "group-removed"
	ScimChanged          Type = "scim-changed" // a connection or a target: what was done stands in the detail
	TenantConnected      Type = "tenant-connected"
	DomainFederated      Type = "domain-federated"
	DomainRolledBack     Type = "domain-rolled-back"
	AccountMatched       Type = "account-matched"
	AccountChanged       Type = "account-changed"
	DevicePaired         Type = "device-paired"
	DeviceLeft           Type = "device-left"
	PairingRefused       Type = "pairing-refused"
	ApprovalAsked        Type = "approval-asked"
	CopyKept             Type = "copy-kept" // of the app's accounts, which only the person can read
	CopyTaken            Type = "copy-taken"
	CopyRemoved          Type = "copy-removed"
	PolicyChanged        Type = "policy-changed"
	RecoveryUsed         Type = "recovery-used"
	CardIssued           Type = "card-issued"
	CardRevoked          Type = "card-revoked"
	PassCancelled        Type = "pass-cancelled"
	HelperAdded          Type = "helper-added" // of a group, whose name stands in the detail
	HelperRemoved        Type = "helper-removed"
	HelperLooked         Type = "helper-looked" // at the page of somebody who read three words to them
	Vouched              Type = "vouched"
	VouchUndone          Type = "vouch-undone"
	PasswordWaits        Type = "password-waits"     // a new one was chosen with a mailbox and a phone alone
	AuditKeepChanged     Type = "audit-keep-changed" // for how long events are kept
	AuditPruned          Type = "audit-pruned"       // what was older is gone
	PasswordKept         Type = "password-kept"      // and its owner kept the one before
	UserRemoved          Type = "user-removed"       // who never signed in
	RegisterImported     Type = "register-imported"
	RegisterStopped      Type = "register-stopped" // before its end; what it had done was taken back
	RegisterUndone       Type = "register-undone"
)

// Types is the whole catalogue, for pages and tests.
var Types = [...]Type{SignedIn, SignedOut, SessionEnded, SessionsEnded, Refused, WrongPassword, WrongCode, GuessesBlocked,
	SprayingSuspected, Proved, CodeSent, SendingRefused, CodeUnwanted, MethodAdded, MethodUpdated, MethodRenamed, MethodRemoved,
	MethodDisabled, PasskeyCopied, DefaultChanged, PasswordSet, PasswordChanged, RecoveryAsked, DetailsChanged, NotMe, Unfrozen, UserAdded,
	UserDisabled, UserEnabled, UserLocked, PassIssued, PassUsed, RoleChanged, GroupJoined,
	GroupLeft, MethodsReset, FieldChanged, SetupLinkMade, BackupRestored, BackupMade, BackupFailed,
	SpendingAlarm, RangeClosed, OriginClosed, RangeOpened, PriceMissing, AppEntered, AppRefused, AppLeft, AppAdded, AppChanged,
	AppRemoved, SigningKeyMade, AppTokenReused, AppSecretMade, AppSecretEnded, AppConsented, AppDeviceAllowed, ProvedElsewhere,
	ExternalMFAConnected, ExternalMFARemoved, ExternalMFALinked, ExternalMFAUnlinked, ExternalMFARefused, GroupAdded, GroupRenamed,
	GroupRemoved, ScimChanged, TenantConnected, DomainFederated, DomainRolledBack, AccountMatched, AccountChanged, PolicyChanged,
	RecoveryUsed, CardIssued, CardRevoked, PassCancelled, HelperAdded, HelperRemoved, HelperLooked, Vouched, VouchUndone, PasswordWaits,
	PasswordKept, AuditKeepChanged, AuditPruned, DevicePaired, DeviceLeft, PairingRefused, ApprovalAsked, CopyKept, CopyTaken, CopyRemoved, UserRemoved,
	RegisterImported, RegisterStopped, RegisterUndone}

// System is the actor of what the program did by itself, or what was done at its command line.
const System = "system"

// Detail are the values of an event's sentence, such as method and hint. No secrets.
type Detail map[string]string

// Event is one thing that happened.
type Event struct {
	ID      string
	At      time.Time
	Type    Type
	Actor   string // user id, System, or "scim:" and the name of the connection that did it
	User    string // user id of the person it happened to, or empty
	Address string // client address, or empty
	Agent   string // browser and system in plain words, or empty
	Detail  Detail
}

// Record writes the event in the caller's transaction, at its Now.
func Record(tx *db.Tx, e Event) error {
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO audit_events (id, at, type, actor, user_id, address, agent, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		db.NewID(), tx.Now.UnixMilli(), string(e.Type), e.Actor, e.User, e.Address, e.Agent, string(detail))
	return err
}

// RecordAll is Record for many.
func RecordAll(tx *db.Tx, all []Event) error {
	rows := make([]any, 0, 8*len(all))
	for _, e := range all {
		detail, err := json.Marshal(e.Detail)
		if err != nil {
			return err
		}
		rows = append(rows, db.NewID(), tx.Now.UnixMilli(), string(e.Type), e.Actor, e.User, e.Address, e.Agent, string(detail))
	}
	_, err := tx.InsertAll("INSERT INTO audit_events (id, at, type, actor, user_id, address, agent, detail)", 8, rows, "")
	return err
}

// Newest is when the newest event happened; zero where there is none.
func Newest(tx *db.Tx) (time.Time, error) {
	var at int64
	_, err := tx.Found("SELECT at FROM audit_events ORDER BY id DESC LIMIT 1", nil, &at)
	return db.Time(at), err
}

// OfUser lists the person's newest events before the event with id before (empty: from the newest), at most count.
func OfUser(tx *db.Tx, user, before string, count int) ([]Event, error) {
	return Find(tx, Query{User: user, Before: before, Count: count})
}

func scanEvent(scan func(...any) error) (e Event, err error) {
	var at int64
	var kind, detail string
	if err := scan(&e.ID, &at, &kind, &e.Actor, &e.User, &e.Address, &e.Agent, &detail); err != nil {
		return e, err
	}
	e.Type, e.At = Type(kind), db.Time(at)
	return e, json.Unmarshal([]byte(detail), &e.Detail)
}

// LastActor is who did the newest of the person's events of these four types, or empty where there is none.
func LastActor(tx *db.Tx, user string, a, b, c, d Type) (actor string, err error) {
	_, err = tx.Found(`SELECT actor FROM audit_events WHERE user_id = $1 AND type IN ($2, $3, $4, $5) ORDER BY id DESC LIMIT 1`,
		[]any{user, string(a), string(b), string(c), string(d)}, &actor)
	return actor, err
}

// SignInBefore is the person's last sign-in before that time, or nil if it is not among their newest 50 events. Of the
// event it gives when and with which browser.
func SignInBefore(tx *db.Tx, user string, before time.Time) (*Event, error) {
	e := Event{Type: SignedIn, User: user}
	var at int64
	found, err := tx.Found(`SELECT at, agent FROM (SELECT id, at, type, agent FROM audit_events WHERE user_id = $1 ORDER BY id DESC LIMIT 50) AS newest
		WHERE type = $2 AND at < $3 ORDER BY id DESC LIMIT 1`, []any{user, string(SignedIn), before.UnixMilli()}, &at, &e.Agent)
	if err != nil || !found {
		return nil, err
	}
	e.At = db.Time(at)
	return &e, nil
}
