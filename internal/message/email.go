// The route for e-mail: any mail server that speaks SMTP (RFC 5321).

package message

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"os"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// TLSPolicy is how the connection to the mail server is protected.
type TLSPolicy string

// The policies. There is none that falls back to plain text.
const (
	StartTLS    TLSPolicy = "starttls" // the default; refused if the server does not offer it (RFC 3207)
	ImplicitTLS TLSPolicy = "tls"      // from the first byte (RFC 8314), usually port 465
	NoTLS       TLSPolicy = "none"     // to a mail server on this machine only
)

// SMTP is the mail server to hand letters to, and in whose name.
type SMTP struct {
	Host     string
	Port     int       // 0 is the usual one of the policy: 587, 465 or 25
	User     string    // empty: the server asks for no password
	Password string    //
	From     string    // address of the sender, without a name
	TLS      TLSPolicy // empty is StartTLS
	HELO     string    // name to greet with; empty is this machine's

	Organisation string
	// Text is the sentence of a locale key, with args as name, value pairs (page.Locales has it).
	Text func(locale, key string, args ...any) string

	trust *tls.Config // for tests: whom to believe instead of the system's authorities
}

// Check tells what is wrong with the settings, and fills in the defaults.
func (s *SMTP) Check() error {
	from, err := netmail.ParseAddress(s.From)
	if err != nil || from.Name != "" || !plainAddress(s.From) {
		return fmt.Errorf("the sender %q is not an e-mail address, as in signin@example.org", s.From)
	}
	if s.Host == "" || strings.ContainsAny(s.Host, " \r\n/:") && net.ParseIP(s.Host) == nil {
		return fmt.Errorf("the mail server %q is not a host name; the port is a setting of its own", s.Host)
	}
	if s.TLS == "" {
		s.TLS = StartTLS
	}
	ports := map[TLSPolicy]int{StartTLS: 587, ImplicitTLS: 465, NoTLS: 25}
	usual, known := ports[s.TLS]
	if !known {
		return fmt.Errorf("the protection %q is not one of starttls, tls, none", s.TLS)
	}
	if s.TLS == NoTLS && !loopback(s.Host) {
		return errors.New("mail without TLS is for a server on this machine only: links in it let people in; use starttls or tls")
	}
	if s.Port == 0 {
		s.Port = usual
	}
	if s.HELO == "" {
		if s.HELO, err = os.Hostname(); err != nil {
			return fmt.Errorf("this machine has no name to greet the mail server with: %w", err)
		}
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// plainAddress tells whether the address stands for itself on a line of SMTP: no comment, no name, no quoting.
func plainAddress(address string) bool { return !strings.ContainsAny(address, " \t\r\n<>\"(),;:\\") }

// NewSMTP makes the route. Its errors are those of Check.
func NewSMTP(settings SMTP) (Provider, error) {
	if err := settings.Check(); err != nil {
		return nil, err
	}
	return &settings, nil
}

// Send hands the letter to the mail server over a connection of its own. The receipt is the letter's Message-ID.
func (s *SMTP) Send(ctx context.Context, m Message) (receipt string, err error) {
	letter, err := s.letter(m)
	if err != nil {
		return "", Permanent(err)
	}
	client, err := s.client(ctx)
	if err != nil {
		return "", err
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return "", fmt.Errorf("mail server %s:%d: %w", s.Host, s.Port, err)
	}
	defer connection.Close()
	if err := client.SendWithSMTPClient(connection, letter); err != nil && !letter.IsDelivered() {
		return "", s.explain(err)
	}
	// The letter is taken from here on: whether the server says goodbye does not matter.
	connection.Quit()
	return letter.GetMessageID(), nil
}

// explain tells a person who does not exist from a server that is not ready, or does not know us yet: the latter may
// pass when somebody has put it right.
func (s *SMTP) explain(err error) error {
	var refused *mail.SendError
	about := fmt.Errorf("mail server %s:%d: %w", s.Host, s.Port, err)
	if errors.As(err, &refused) && refused.Reason == mail.ErrSMTPRcptTo && refused.ErrorCode() >= 500 {
		return Permanent(about)
	}
	return about
}

// client makes the client for one letter, because its deadlines are those of ctx.
func (s *SMTP) client(ctx context.Context) (*mail.Client, error) {
	left := 30 * time.Second
	if end, ok := ctx.Deadline(); ok {
		left = time.Until(end)
	}
	if left <= 0 {
		return nil, context.DeadlineExceeded
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.Host}
	if s.trust != nil {
		config.RootCAs = s.trust.RootCAs
	}
	policy := mail.TLSMandatory
	if s.TLS != StartTLS {
		policy = mail.NoTLS
	}
	options := []mail.Option{mail.WithPort(s.Port), mail.WithTimeout(left), mail.WithHELO(s.HELO), mail.WithTLSConfig(config),
		mail.WithTLSPolicy(policy), mail.WithDialContextFunc(s.dial(ctx, config))}
	if s.User != "" {
		// The strongest first; go-mail refuses the plain ones outside of TLS.
		options = append(options, mail.WithUsername(s.User), mail.WithPassword(s.Password), mail.WithOpportunisticSMTPAuth(
			mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	return mail.NewClient(s.Host, options...)
}

// dial connects, and cuts the connection when the letter's own ctx ends: go-mail looks at it while it connects only.
func (s *SMTP) dial(letter context.Context, config *tls.Config) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		dial := (&net.Dialer{}).DialContext
		if s.TLS == ImplicitTLS {
			dial = (&tls.Dialer{Config: config}).DialContext
		}
		connection, err := dial(ctx, network, address)
		if err == nil {
			context.AfterFunc(letter, func() { connection.Close() })
		}
		return connection, err
	}
}

// letter makes the mail. No value can add a header or a recipient (threat T87): the subject and the sender's name are
// made one line and then encoded, the addresses must be bare ones, and the body is encoded.
func (s *SMTP) letter(m Message) (*mail.Msg, error) {
	to, err := netmail.ParseAddress(m.To)
	if err != nil || !plainAddress(m.To) {
		return nil, errors.New("the recipient is not one bare e-mail address")
	}
	plain, html, err := render(m, s.Organisation, s.Text)
	if err != nil {
		return nil, err
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&netmail.Address{Name: line(s.Organisation), Address: s.From})
	msg.ToMailAddress(&netmail.Address{Address: to.Address})
	msg.Subject(line(m.Subject))
	// The same id at every try, so that a mailbox that got it twice can tell.
	msg.SetMessageIDWithValue(m.ID + s.From[strings.LastIndexByte(s.From, '@'):])
	// No out-of-office note shall answer (RFC 3834 section 5; the second one is for Exchange).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader(mail.HeaderXAutoResponseSuppress, "All")
	msg.SetGenHeader(mail.HeaderContentLang, m.Locale)
	msg.SetBodyString(mail.TypeTextPlain, plain)
	msg.AddAlternativeString(mail.TypeTextHTML, html)
	return msg, nil
}
