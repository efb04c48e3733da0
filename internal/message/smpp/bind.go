// Making a connection.

package smpp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"woggle/internal/message/smpp/pdu"
)

// connect makes a connection and binds it. Its error says what the administrator can do.
func (p *Provider) connect(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	conn, err := p.dial(ctx)
	if err != nil {
		return nil, err
	}
	in := pdu.NewReader(conn)
	if err := p.bind(ctx, conn, in); err != nil {
		conn.Close()
		return nil, err
	}
	s := newSession(conn, in, p.config.Window)
	s.sequence.Store(bindSequence)
	s.deliver, s.took = p.deliver, p.took
	return s, nil
}

const (
	bindSequence = 1
	mostBefore   = 10 // PDUs before the answer to the bind; there should be none
)

// bind signs in as a transceiver (section 4.1.5). Whatever else the message centre says before its answer is not for us:
// nothing has been asked.
func (p *Provider) bind(ctx context.Context, conn net.Conn, in *pdu.Reader) error {
	late := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	request := pdu.Bind{SystemID: p.config.SystemID, Password: p.config.Password, SystemType: p.config.SystemType}
	if _, err := conn.Write(request.Append(nil, bindSequence)); err != nil {
		return err
	}
	for range mostBefore {
		answer, err := in.Next()
		switch {
		case ctx.Err() != nil:
			return errors.New("it did not answer the bind in time")
		case err != nil:
			return fmt.Errorf("it did not answer the bind: %w", err)
		case answer.Sequence != bindSequence || answer.Command != pdu.BindTransceiver.Resp() && answer.Command != pdu.GenericNack:
			continue
		case answer.Command == pdu.GenericNack || answer.Status != pdu.OK:
			return refusal(answer.Status)
		case !late():
			return errors.New("it answered the bind too late")
		}
		return nil
	}
	return errors.New("it does not answer the bind, but says other things")
}
