package signing_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"sync"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
	"woggle/internal/keys/signing"
)

func active(t *testing.T, s *signing.Store, use signing.Use, alg signing.Alg) signing.Key {
	t.Helper()
	key, err := s.Active(t.Context(), use, alg)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// ids are those of the published keys by their states.
func ids(t *testing.T, s *signing.Store, use signing.Use) map[signing.State]string {
	t.Helper()
	all, err := s.Published(t.Context(), use)
	if err != nil {
		t.Fatal(err)
	}
	found := map[signing.State]string{}
	for _, key := range all {
		found[key.State()] = key.ID
	}
	return found
}

// T66: a key is published before it signs, and after it has signed last.
func TestARotation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := signing.New(d, keys.Random(), "Northwold County")
		first := active(t, s, signing.OIDC, signing.RS256)
		at := clock.Now().Add(signing.Ahead)
		if err := s.Rotate(t.Context(), audit.System, signing.OIDC, signing.RS256, at); err != nil {
			t.Fatal(err)
		}
		next := ids(t, s, signing.OIDC)[signing.Next]
		if next == "" || active(t, s, signing.OIDC, signing.RS256).ID != first.ID {
			t.Fatal("the next key signs before it was published for long enough")
		}
		if err := s.Rotate(t.Context(), audit.System, signing.OIDC, signing.RS256, at); !errors.Is(err, signing.ErrWaiting) {
			t.Errorf("a second rotation at once: %v", err)
		}
		clock.Advance(signing.Ahead)
		if got := ids(t, s, signing.OIDC); got[signing.Active] != next || got[signing.Retiring] != first.ID {
			t.Errorf("after three days: %v", got)
		}
		clock.Advance(signing.Behind)
		if got := ids(t, s, signing.OIDC); got[signing.Active] != next || len(got) != 1 {
			t.Errorf("after six days: %v", got)
		}
	})
}

func TestAKeyThatSomebodyElseHasIsGoneAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		ring := keys.Random()
		s, other := signing.New(d, ring, "Northwold County"), signing.New(d, ring, "Northwold County")
		stolen := active(t, s, signing.Federation, signing.RS256)
		if active(t, other, signing.Federation, signing.RS256).ID != stolen.ID {
			t.Fatal("two nodes have two keys")
		}
		if err := s.Rotate(t.Context(), audit.System, signing.Federation, signing.RS256, clock.Now()); err != nil {
			t.Fatal(err)
		}
		clock.Advance(5 * time.Second)
		for _, node := range []*signing.Store{s, other} {
			if got := ids(t, node, signing.Federation); len(got) != 1 || got[signing.Active] == stolen.ID {
				t.Errorf("five seconds later: %v", got)
			}
		}
	})
}

// A thief does not wait until a change that was begun has ended: neither the key that signs, nor the next one, nor the one
// before is believed any more.
func TestAKeyThatSomebodyElseHasIsGoneAlsoWhileTheNextWaits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := signing.New(d, keys.Random(), "Northwold County")
		rotate := func(at time.Time) {
			t.Helper()
			if err := s.Rotate(t.Context(), audit.System, signing.Federation, signing.RS256, at); err != nil {
				t.Fatal(err)
			}
		}
		rotate(clock.Now().Add(signing.Ahead))
		for _, wait := range []time.Duration{0, signing.Ahead} { // before the next key signs, and while the one before is still believed
			clock.Advance(wait)
			before := ids(t, s, signing.Federation)
			if len(before) != 2 {
				t.Fatalf("before: %v", before)
			}
			rotate(clock.Now())
			after := ids(t, s, signing.Federation)
			if now := after[signing.Active]; len(after) != 1 || now == before[signing.Active] || now == before[signing.Next] {
				t.Errorf("before: %v, after: %v", before, after)
			}
			rotate(clock.Now().Add(signing.Ahead))
		}
	})
}

// Nodes that need the first key at one moment all get the same one, and never wait for each other in a ring.
func TestTheFirstKeyIsMadeOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		ring := keys.Random()
		var mu sync.Mutex
		var all sync.WaitGroup
		found := map[string]bool{}
		for range 6 {
			all.Go(func() {
				key, err := signing.New(d, ring, "x").Active(context.Background(), signing.OIDC, signing.ES256)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				found[key.ID] = true
			})
		}
		all.Wait()
		if len(found) != 1 {
			t.Errorf("%d keys were made", len(found))
		}
	})
}

func TestKeysOfEachKind(t *testing.T) {
	d, clock := dbtest.Open(t)
	s := signing.New(d, keys.Random(), "Northwold County")
	r, e := active(t, s, signing.OIDC, signing.RS256), active(t, s, signing.OIDC, signing.ES256)
	if public, ok := r.Private.Public().(*rsa.PublicKey); !ok || public.N.BitLen() < 2048 || !public.Equal(r.Certificate.PublicKey) {
		t.Error("RS256 has no RSA key with its certificate")
	}
	if public, ok := e.Private.Public().(*ecdsa.PublicKey); !ok || !public.Equal(e.Certificate.PublicKey) {
		t.Error("ES256 has no key on a curve with its certificate")
	}
	if f := active(t, s, signing.Federation, signing.RS256); f.ID == r.ID {
		t.Error("what Microsoft believes and what apps believe is one key")
	}
	if a := active(t, s, signing.Assertion, signing.ES256); a.ID == e.ID {
		t.Error("what sites behind a proxy believe and what apps believe is one key")
	}
	if _, err := s.Active(t.Context(), signing.OIDC, "none"); err == nil {
		t.Error("there is a key for no algorithm")
	}
	clock.Advance(181 * 24 * time.Hour)
	if err := s.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, use := range []signing.Use{signing.OIDC, signing.Assertion} {
		if got := ids(t, s, use); got[signing.Next] == "" {
			t.Errorf("after half a year there is no next key for %s", use)
		}
	}
	if got := ids(t, s, signing.Federation); got[signing.Next] != "" {
		t.Error("the key of federation changes by itself")
	}
}

// T75: whoever has the database has no key.
func TestAPrivateKeyCannotBeRead(t *testing.T) {
	d, _ := dbtest.Open(t)
	key := active(t, signing.New(d, keys.Random(), "x"), signing.OIDC, signing.RS256)
	var stored []byte
	if err := d.Ask(t.Context(), func(tx *db.Tx) error {
		return tx.Row("SELECT private FROM signing_keys WHERE id = $1", []any{key.ID}, &stored)
	}); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(stored, key.Private.(*rsa.PrivateKey).D.Bytes()[:16]) {
		t.Error("the key stands there as it is")
	}
	if _, err := signing.New(d, keys.Random(), "x").Active(t.Context(), signing.OIDC, signing.RS256); err == nil {
		t.Error("another key file opens it")
	}
}
