package sip

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A trunk is looked for without signing in and without a call.
func TestATrunkIsLookedFor(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"udp", "tcp", "tls"} {
		t.Run(network, func(t *testing.T) {
			f := newFake(t, network, secret)
			c := f.config()
			c.Register = true
			p, err := New(c, nil)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := p.Probe(ctx); err != nil {
				t.Error(err)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			for _, request := range f.requests {
				if !strings.HasPrefix(request, "OPTIONS ") {
					t.Errorf("the trunk was asked %s", request)
				}
			}
		})
	}
}

func TestATrunkThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	f := newFake(t, "udp", func(f *fake) { f.silent = true })
	p, err := New(f.config(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := p.Probe(ctx); err == nil || !strings.Contains(err.Error(), "not all trunks do") {
		t.Errorf("got %v", err)
	}
}
