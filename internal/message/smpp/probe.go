// Looking whether the account works, without sending.

package smpp

import "context"

// Probe connects, binds, and says goodbye. Its error is for the administrator. Nothing is sent; what the message centre
// brings meanwhile is not acknowledged, so that it brings it again to whoever is bound next.
func (p *Provider) Probe(ctx context.Context) error {
	s, err := p.connect(ctx)
	if err != nil {
		return err
	}
	s.deliver = func(*session, uint32, []byte) {}
	leaving, leave := context.WithCancel(ctx)
	leave()
	_ = s.serve(leaving) // it says goodbye at once
	return nil
}
