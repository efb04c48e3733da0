// Entra's public keys: fetched, kept for a day, fetched again for a key that is new.
package externalmfa

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"woggle/internal/outgoing"
)

const (
	keysKept  = 24 * time.Hour
	keysAgain = 5 * time.Minute  // an unknown key id, which anybody can write, has them fetched no more often than this
	keysRetry = 10 * time.Second // after a failure
	keysMost  = 100
)

var (
	errUnreachable = errors.New("the keys of Entra cannot be had")
	errUnknownKey  = errors.New("the hint names a key that Entra does not publish")
)

// entra knows the keys of the tenants that are connected, one cache in each node. It is safe for many goroutines.
type entra struct {
	client *http.Client
	now    func() time.Time
	log    *slog.Logger

	mu      sync.Mutex
	tenants map[string]*published
}

// published are the keys of a tenant.
type published struct {
	fetching sync.Mutex // held while they are on the way: whoever comes meanwhile waits for the same

	mu    sync.Mutex
	keys  map[string]*rsa.PublicKey
	at    time.Time // when they came
	tried time.Time
	err   error // of the last try
}

func newEntra(client *http.Client, now func() time.Time, log *slog.Logger) *entra {
	return &entra{client: client, now: now, log: log, tenants: map[string]*published{}}
}

// key is the tenant's key with the id. Its errors are errUnknownKey and errUnreachable: without keys nobody is believed,
// and keys older than a day are none. It must not be called within a transaction.
func (e *entra) key(ctx context.Context, cloud Cloud, tenant, kid string) (*rsa.PublicKey, error) {
	e.mu.Lock()
	p := e.tenants[cloud.issuer(tenant)]
	if p == nil {
		p = &published{}
		e.tenants[cloud.issuer(tenant)] = p
	}
	e.mu.Unlock()
	if key, done, err := p.find(kid, e.now()); done {
		return key, err
	}
	p.fetching.Lock()
	defer p.fetching.Unlock()
	if key, done, err := p.find(kid, e.now()); done { // they came while we waited
		return key, err
	}
	// The visitor who happens to be first may go away; the others still want the keys.
	keys, err := e.fetch(context.WithoutCancel(ctx), cloud, tenant)
	if err != nil {
		e.log.Warn("Entra's keys cannot be fetched; nobody gets through external MFA until they can", "tenant", tenant, "error", err)
	}
	p.took(keys, err, e.now())
	key, _, err := p.find(kid, e.now())
	return key, err
}

// find looks the key up in what is there. Not done means that the keys have to be fetched first.
func (p *published) find(kid string, now time.Time) (key *rsa.PublicKey, done bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fresh := p.keys != nil && now.Sub(p.at) < keysKept && !now.Before(p.at)
	if key := p.keys[kid]; fresh && key != nil {
		return key, true, nil
	}
	since := now.Sub(p.tried)
	switch {
	case p.err != nil && since < keysRetry && since >= 0:
		return nil, true, fmt.Errorf("%w: %w", errUnreachable, p.err)
	case fresh && p.err == nil && since < keysAgain && since >= 0:
		return nil, true, errUnknownKey
	}
	return nil, false, nil
}

func (p *published) took(keys map[string]*rsa.PublicKey, err error, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tried, p.err = now, err; err == nil {
		p.keys, p.at = keys, now
	}
}

// fetch reads the tenant's discovery document and then its keys.
func (e *entra) fetch(ctx context.Context, cloud Cloud, tenant string) (map[string]*rsa.PublicKey, error) {
	var document struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := e.read(ctx, cloud.discovery(tenant), &document); err != nil {
		return nil, err
	}
	if document.Issuer != cloud.issuer(tenant) {
		return nil, fmt.Errorf("the document of tenant %s is of %q", tenant, document.Issuer)
	}
	if !strings.HasPrefix(document.Keys, cloud.Authority+"/") { // keys from elsewhere would be anybody's
		return nil, fmt.Errorf("the document of tenant %s has its keys at %q", tenant, document.Keys)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := e.read(ctx, document.Keys, &set); err != nil {
		return nil, err
	}
	keys := map[string]*rsa.PublicKey{}
	for _, raw := range set.Keys[:min(len(set.Keys), keysMost)] {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) != nil {
			continue // of a kind that we don't know
		}
		public, is := key.Key.(*rsa.PublicKey)
		if is && key.KeyID != "" && (key.Use == "" || key.Use == "sig") && public.Size() >= 2048/8 {
			keys[key.KeyID] = public
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("there is no key at %s", document.Keys)
	}
	return keys, nil
}

func (e *entra) read(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := e.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := outgoing.Read(response)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers with %s", address, response.Status)
	}
	return json.Unmarshal(body, into)
}
