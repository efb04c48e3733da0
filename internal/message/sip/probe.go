// Looking whether the trunk is there, without calling.

package sip

import (
	"context"
	"errors"
)

// Probe asks the trunk with OPTIONS whether it is there (RFC 3261 section 11). Its error is for the administrator. It does
// not sign in, because some trunks would then send what is meant for the server to us. The provider is not to be run
// besides.
func (p *Provider) Probe(ctx context.Context) error {
	p.set.port = 0 // the server may be using ours
	t := &trunk{p: p, ctx: ctx}
	defer func() {
		if t.line != nil {
			t.line.close()
		}
	}()
	servers, err := p.set.resolve(ctx)
	for _, server := range servers {
		if err = t.open(server, servers); err == nil {
			err = t.probe(server)
		}
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	if errors.Is(err, errHung) || errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the trunk does not answer OPTIONS; not all trunks do, so make a test call: woggle message test NUMBER --call")
	}
	return err
}
