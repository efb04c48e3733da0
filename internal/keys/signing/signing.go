// The keys of this installation: found, made at first need, changed.
package signing

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"sync"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/keys"
)

// fresh is how long what was read is believed. A key that was taken away signs nothing after that.
const fresh = 5 * time.Second

// Store gives the keys. It is safe for many goroutines.
type Store struct {
	db      *db.DB
	ring    *keys.Ring
	subject string

	mu   sync.Mutex
	read map[Use]reading
	open map[string]Key // opened keys by id: opening one costs more than reading its row
}

// reading are the keys of a use as they were read a moment ago.
type reading struct {
	at   time.Time
	keys []Key
}

// New makes a store. The subject names the organisation in certificates.
func New(d *db.DB, ring *keys.Ring, subject string) *Store {
	return &Store{db: d, ring: ring, subject: subject, read: map[Use]reading{}, open: map[string]Key{}}
}

// Active is the key that signs now. The first one of a use is made when it is first asked for. It must not be called
// within a transaction.
func (s *Store) Active(ctx context.Context, use Use, alg Alg) (Key, error) {
	key, found, err := s.active(ctx, use, alg)
	if err != nil || found {
		return key, err
	}
	if err := s.add(ctx, audit.System, use, alg, time.Time{}); err != nil {
		return Key{}, err
	}
	key, found, err = s.active(ctx, use, alg)
	if err == nil && !found {
		err = errors.New("no signing key can be made for " + string(use))
	}
	return key, err
}

func (s *Store) active(ctx context.Context, use Use, alg Alg) (Key, bool, error) {
	all, err := s.Published(ctx, use)
	for _, key := range all {
		if key.Alg == alg && key.state == Active {
			return key, err == nil, err
		}
	}
	return Key{}, false, err
}

// Published are all keys with which something may be signed now or soon: what a key set or metadata shows, the one that
// signs first. It must not be called within a transaction.
func (s *Store) Published(ctx context.Context, use Use) ([]Key, error) {
	now := s.db.Now()
	s.mu.Lock()
	known, there := s.read[use]
	s.mu.Unlock()
	if there && now.Sub(known.at) < fresh && !now.Before(known.at) {
		return known.keys, nil
	}
	rows, err := s.rows(ctx, use)
	if err != nil {
		return nil, err
	}
	all, err := s.unseal(rows, now)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read[use] = reading{now, all}
	return all, nil
}

// unseal opens the rows that are published, the active ones first.
func (s *Store) unseal(rows []row, now time.Time) ([]Key, error) {
	var all []Key
	for i, r := range rows {
		newer := time.Time{}
		for _, later := range rows[:i] { // the newest stand first
			if later.alg == r.alg {
				newer = later.activeAt
			}
		}
		state := stateAt(r.activeAt, r.retireAt, newer, now)
		if state == Gone {
			continue
		}
		key, err := s.unsealOne(r)
		if err != nil {
			return nil, err
		}
		key.state = state
		all = append(all, key)
	}
	order := []State{Active, Next, Retiring}
	slices.SortStableFunc(all, func(a, b Key) int { return slices.Index(order, a.state) - slices.Index(order, b.state) })
	return all, nil
}

func (s *Store) unsealOne(r row) (Key, error) {
	s.mu.Lock()
	key, there := s.open[r.id]
	s.mu.Unlock()
	if !there {
		der, err := s.ring.Open(r.private, "signing_keys", "private", r.id)
		if err != nil {
			return Key{}, err
		}
		private, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return Key{}, err
		}
		certificate, err := x509.ParseCertificate(r.certificate)
		if err != nil {
			return Key{}, err
		}
		key = Key{ID: r.id, Use: r.use, Alg: r.alg, Private: asSigner(private), Certificate: certificate, CreatedAt: r.createdAt}
		if key.Private == nil {
			return Key{}, errors.New("the signing key " + r.id + " is of no kind that signs")
		}
		s.mu.Lock()
		s.open[r.id] = key
		s.mu.Unlock()
	}
	key.ActiveAt, key.RetireAt = r.activeAt, r.retireAt
	return key, nil
}

// Rotate makes the next key, which is published now and signs from at on; the one that signs now retires after that. An at
// that is not ahead changes at once, and what any key before signed is believed no more: it is for a key that somebody else
// may have. Else, while a next key waits, there is nothing to rotate, and the error is ErrWaiting.
func (s *Store) Rotate(ctx context.Context, actor string, use Use, alg Alg, at time.Time) error {
	if _, err := s.Active(ctx, use, alg); err != nil {
		return err
	}
	return s.add(ctx, actor, use, alg, at)
}

// Tend makes the next key for those that have signed for half a year. Only apps that read the key set by themselves follow
// it; those of federation are changed by hand.
func (s *Store) Tend(ctx context.Context) error {
	for _, use := range []Use{OIDC, Assertion, ExternalMFA} {
		if err := s.tend(ctx, use); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) tend(ctx context.Context, use Use) error {
	all, err := s.Published(ctx, use)
	if err != nil {
		return err
	}
	now := s.db.Now()
	for _, key := range all {
		if key.state != Active || now.Sub(key.ActiveAt) < old || !key.RetireAt.IsZero() {
			continue
		}
		if err := s.add(ctx, audit.System, use, key.Alg, now.Add(Ahead)); err != nil && !errors.Is(err, ErrWaiting) {
			return err
		}
	}
	return nil
}

// ErrWaiting says that the next key is there already.
var ErrWaiting = errors.New("the next key is published already, and waits for its time")

// add stores a new key. With the zero time it is the first one, unless another node was faster.
func (s *Store) add(ctx context.Context, actor string, use Use, alg Alg, at time.Time) error {
	key, err := generate(use, alg, s.subject, s.db.Now())
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key.Private)
	if err != nil {
		return err
	}
	r := row{id: key.ID, use: use, alg: alg, certificate: key.Certificate.Raw,
		private: s.ring.Seal(private, "signing_keys", "private", key.ID), activeAt: at}
	first := at.IsZero()
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if first {
			r.activeAt = tx.Now
		} else if err := retire(tx, use, alg, at); err != nil {
			return err
		}
		made, err := insert(tx, r)
		if err != nil || !made {
			return err
		}
		return audit.Record(tx, audit.Event{Type: audit.SigningKeyMade, Actor: actor, Detail: audit.Detail{"use": string(use), "key": key.ID}})
	})
	s.Forget()
	return err
}

// Forget drops what was read, so that a change is seen at once.
func (s *Store) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.read)
}
