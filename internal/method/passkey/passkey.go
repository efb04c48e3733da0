// The passkey as a method of the flow.
package passkey

import (
	"bytes"
	"cmp"
	"embed"
	"net"
	"net/http"
	"net/url"
	"slices"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/page"
	"woggle/internal/session"
	"woggle/internal/signin"
)

//go:embed pages/*.html
var pages embed.FS

// Deps is all that the method works with.
type Deps struct {
	DB    *db.DB
	Keys  *keys.Ring
	Pages *page.Renderer
	Flow  *signin.Flow
	Base  *url.URL // public address of this server
	Host  string   // passkeys are for it, for ever; empty: the host of Base
}

// Method asks for a passkey.
type Method struct {
	Deps
	here site
}

var (
	_ signin.Method    = (*Method)(nil)
	_ signin.Enroller  = (*Method)(nil)
	_ signin.Describer = (*Method)(nil)
	_ signin.Placed    = (*Method)(nil)
)

// New makes the method.
func New(d Deps) (*Method, error) {
	here := site{id: cmp.Or(d.Host, d.Base.Hostname()), origin: d.Base.Scheme + "://" + d.Base.Host}
	return &Method{Deps: d, here: here}, d.Pages.Add("passkey", pages)
}

// Kind is signin.Passkey.
func (*Method) Kind() signin.Kind { return signin.Passkey }

// Able tells whether browsers do it at this site's address: one with a name, over TLS or on this computer (WebAuthn sections 5.1.3 and
// 13.4.9). An address in numbers can't have passkeys.
func (m *Method) Able() bool {
	host := m.Base.Hostname()
	return m.Base.Scheme == "https" && net.ParseIP(host) == nil || host == "localhost"
}

// Start has nothing to send.
func (*Method) Start(*db.Tx, *signin.Attempt, signin.Step) error { return nil }

// Ways is one: to use it.
func (*Method) Ways(e signin.Enrolled, l *page.Locale) []signin.Way {
	return []signin.Way{{Icon: string(signin.Passkey), Label: l.Text("passkey.way"), Detail: e.Name}}
}

// Detail words the passkey for lists: what it is called, and whether it comes along to the next device.
func (m *Method) Detail(e signin.Enrolled, l *page.Locale) (title, detail string) {
	title = l.Text("signin.kind.passkey")
	c, err := read(e)
	if err != nil {
		return title, e.Name
	}
	return title, e.Name + " · " + l.Text("passkey.place."+string(c.place()))
}

// Place is where the passkey is.
func (*Method) Place(e signin.Enrolled) signin.Place {
	c, err := read(e)
	if err != nil {
		return signin.Handset
	}
	return c.place()
}

// answered is a passkey that has answered rightly.
type answered struct {
	row signin.Enrolled
	credential
	said statement
}

// recognise finds whose passkey has answered, and spends the challenge. Its error is a fault where the answer is refused. user is whose
// it must be, or empty; verify demands that the passkey has checked its holder.
func (m *Method) recognise(tx *db.Tx, given assertion, u use, user string, verify bool) (found answered, err error) {
	seen, err := m.here.client(given.client, getting)
	if err != nil {
		return found, err
	}
	end, err := m.until(seen.challenge, u, tx.Now)
	if err != nil {
		return found, err
	}
	if found, err = m.find(tx, given, user); err != nil {
		return found, err
	}
	if found.said, err = readStatement(given.statement); err != nil {
		return found, err
	}
	if err = found.said.check(m.here, verify); err != nil {
		return found, err
	}
	if found.said.eligible() != found.Eligible {
		return found, faultFlipped
	}
	right, err := readKey(found.Key)
	if err != nil {
		return found, err
	}
	if !right(append(slices.Clone(given.statement), seen.hash[:]...), given.signature) {
		return found, faultSignature
	}
	if err = spend(tx, seen.challenge, end); err != nil {
		return found, err
	}
	return found, m.count(tx, found)
}

// find is the passkey with the id that was given. Where the answer names a person, it is that person's. An id alone is not believed to
// be of one person only, because somebody may set up a passkey under another one's id.
func (m *Method) find(tx *db.Tx, given assertion, user string) (answered, error) {
	if bytes.HasPrefix(given.handle, []byte(lockHandle)) {
		return answered{}, faultLock
	}
	lookups := lookups(m.Keys, given.id)
	owners, err := signin.UsersByLookup(tx, lookups...)
	if err != nil {
		return answered{}, err
	}
	refused := faultUnknown
	for _, owner := range owners {
		methods, err := signin.Methods(tx, owner)
		if err != nil {
			return answered{}, err
		}
		for _, e := range methods {
			if e.Kind != signin.Passkey || !slices.Contains(lookups, e.Lookup) {
				continue
			}
			c, err := read(e)
			switch {
			case err != nil:
				return answered{}, err
			case user == "" && given.handle == nil, given.handle != nil && !slices.Equal(given.handle, c.Handle), user != "" && owner != user:
				refused = faultHandle
			case !e.DisabledAt.IsZero():
				refused = faultOff
			default:
				return answered{row: e, credential: c}, nil
			}
		}
	}
	return answered{}, refused
}

// count moves the counter of signatures on, and keeps what has changed. One that stands still or goes back is of a copy, or of an authenticator gone wrong
// (WebAuthn section 6.1.1); those that count nothing stay at zero.
func (m *Method) count(tx *db.Tx, a answered) error {
	if a.said.counter != 0 || a.row.Counter != 0 {
		if grown, err := signin.Advance(tx, a.row.ID, int64(a.said.counter)); err != nil || !grown {
			return orFault(err, faultCounter)
		}
	}
	if newest := lookups(m.Keys, a.ID)[0]; a.row.Lookup != newest { // the ring has a new key, and the old one may go some day
		if err := signin.MakeFindable(tx, a.row.ID, newest); err != nil {
			return err
		}
	}
	if a.BackedUp == a.said.backedUp() {
		return nil
	}
	a.BackedUp = a.said.backedUp()
	data, err := a.data()
	if err != nil {
		return err
	}
	return signin.ReplaceData(tx, a.row.ID, data)
}

func orFault(err error, f fault) error {
	if err != nil {
		return err
	}
	return f
}

// alarm records that a passkey may have been copied, and tells its owner.
func (m *Method) alarm(tx *db.Tx, r *http.Request, a answered) error {
	user, err := directory.ByID(tx, a.row.User)
	if err != nil {
		return err
	}
	visit := page.VisitOf(r)
	if err := audit.Record(tx, audit.Event{Type: audit.PasskeyCopied, Actor: "unknown", User: user.ID, Address: visit.Address.String(),
		Agent: session.Browser(visit.Agent), Detail: audit.Detail{"name": a.row.Name}}); err != nil {
		return err
	}
	return m.Flow.Tell(tx, user, "passkey.notice.copied", nil, "name", a.row.Name)
}

// enrolled is the credential that was made for the person, if it was made as we asked and by whom the policy takes, and spends
// the challenge.
func (m *Method) enrolled(tx *db.Tx, given attestation, u use, handle []byte, makers signin.Makers) (c credential, said attested, err error) {
	seen, err := m.here.client(given.client, creating)
	if err != nil {
		return c, said, err
	}
	end, err := m.until(seen.challenge, u, tx.Now)
	if err != nil {
		return c, said, err
	}
	if said, err = readAttestation(given.object); err != nil {
		return c, said, err
	}
	if err = said.check(m.here, false); err != nil {
		return c, said, err
	}
	if _, err = readKey(said.key); err != nil {
		return c, said, err
	}
	if !slices.Equal(said.id, given.id) {
		return c, said, faultForm
	}
	if makers.Demanded() {
		if err = said.vouched(makers, seen.hash, tx.Now); err != nil {
			return c, said, err
		}
	}
	c = credential{ID: said.id, Key: said.key, Handle: handle, Model: modelOf(said.aaguid), Attachment: given.attachment,
		Transports: known(given.transports), Eligible: said.eligible(), BackedUp: said.backedUp(), Verified: said.verified()}
	return c, said, spend(tx, seen.challenge, end)
}
