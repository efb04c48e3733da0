// The requests: Entra's form, the way through the flow, and back.
package externalmfa

import (
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"woggle/internal/app"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/keys/signing"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

//go:embed pages/*.html
var pages embed.FS

// patience is how long we take before we tell Entra that nothing came of it. Entra drops what it knows of a sign-in after
// five minutes; an answer that comes later ends on a page that explains nothing.
const patience = 4*time.Minute + 30*time.Second

// microsoft is who asks, as pages name it.
const microsoft = "Microsoft"

// Deps is all that the provider works with.
type Deps struct {
	DB       *db.DB
	Keys     *keys.Ring
	Pages    *page.Renderer
	Flow     *signin.Flow
	Desk     *app.Desk
	Signing  *signing.Store
	Outgoing *http.Client // fetches Entra's keys
	Clouds   []Cloud      // nil: Microsoft's
	Matched  Matched      // nil where there is no Microsoft 365 connection
	Base     string       // public address of this server, without a slash at its end
	Log      *slog.Logger
}

// Provider answers Entra.
type Provider struct {
	Deps
	entra *entra
}

// New makes the provider. Its errors are faults in its pages.
func New(d Deps) (*Provider, error) {
	if d.Clouds == nil {
		d.Clouds = Microsoft()
	}
	return &Provider{d, newEntra(d.Outgoing, d.DB.Now, d.Log)}, d.Pages.Add("externalmfa", pages)
}

// Mount adds the routes: documents for machines, the form of Entra's page, and pages of our own.
func (p *Provider) Mount(guarded, foreign func(string, page.Handler), bare func(string, http.HandlerFunc)) {
	bare("GET "+DiscoveryPath, p.discovery)
	bare("GET "+KeysPath, p.keySet)
	foreign("POST "+AuthorizePath, p.authorize)
	guarded("GET "+AuthorizePath, p.visit)
	guarded("GET "+issuerPath+"/continue/{id}", p.goOn)
	guarded("POST "+issuerPath+"/continue/{id}", p.leave)
}

// visit is for people who open the address themselves.
func (p *Provider) visit(w http.ResponseWriter, r *http.Request) error {
	return p.Pages.Show(w, r, "externalmfa/visit", nil)
}

// authorize takes Entra's form. It comes from another site, so that no cookie of ours is with it: what is asked is kept,
// and the browser comes for it with a GET.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) error {
	form := r.PostForm
	var c Connection
	var known bool
	if id := form.Get("client_id"); isGUID(id) {
		err := p.DB.Ask(r.Context(), func(tx *db.Tx) (err error) {
			c, known, err = findConnection(tx, id)
			return err
		})
		if err != nil {
			return err
		}
	}
	cloud, err := prove(form, c, known, p.Clouds)
	if err != nil {
		p.Log.Warn("external MFA was asked for by somebody unknown", "client_id", cut(form.Get("client_id")), "redirect_uri", cut(form.Get("redirect_uri")))
		return err
	}
	q, refused := readQuestion(form)
	if refused != nil {
		return p.refuse(w, r, q, refused)
	}
	q.Hint, err = p.readHint(r.Context(), c, cloud, form.Get("id_token_hint"))
	switch {
	case errors.Is(err, errUnreachable):
		return p.refuse(w, r, q, refusedUnreachable)
	case err != nil:
		p.Log.Warn("external MFA: "+err.Error(), "client_request_id", q.Request)
		return p.refuse(w, r, q, refusedHint)
	}
	id, isNew := "", false
	err = p.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		id = db.NewToken()[:26] // 130 bits: nobody else comes for it
		isNew, err = keep(tx, p.Keys.MAC(purpose, id), once(c.ClientID, q), c.ClientID, q)
		return err
	})
	switch {
	case err != nil:
		return err
	case !isNew:
		// Nothing goes back: an error with this state would end a sign-in that may be under way.
		return problem.New(problem.Gone, "externalmfa.again")
	}
	return page.Redirect(w, r, issuerPath+"/continue/"+id)
}

const purpose = "external-mfa"

// once is what may come once: the nonce and the state of a client. It is no secret, and does not change with the key file.
func once(clientID string, q question) []byte {
	var all []byte
	for _, part := range []string{clientID, q.Nonce, q.State} {
		all = append(binary.BigEndian.AppendUint32(all, uint32(len(part))), part...)
	}
	sum := sha256.Sum256(all)
	return sum[:]
}

// turn is what goOn decided: exactly one of these.
type turn struct {
	to      string   // into the flow
	not     whyNot   // a page that says why nobody can be asked
	refused *refusal // back, with an error
	amr     string   // back, with a token
}

// goOn is where the browser comes from Entra, and again from the flow: as often as it likes until there is an answer.
func (p *Provider) goOn(w http.ResponseWriter, r *http.Request) error {
	var a *asked
	var next turn
	var now time.Time
	err := p.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		next, now = turn{}, tx.Now
		if a, err = p.find(tx, r); err != nil {
			return err
		}
		if next, err = p.decide(tx, r, a); err != nil || next.refused == nil && next.amr == "" {
			return err
		}
		return a.answered(tx)
	})
	switch {
	case err != nil:
		return err
	case next.to != "":
		return page.Redirect(w, r, next.to)
	case next.not != fine:
		return p.Pages.Show(w, r, "externalmfa/not", notPage{ID: r.PathValue("id"), Why: next.not, Name: a.Hint.Preferred}, page.Status(http.StatusForbidden))
	case next.refused != nil:
		return p.refuse(w, r, a.question, next.refused)
	}
	token, err := p.sign(r.Context(), a, next.amr, now)
	if err != nil {
		return err
	}
	p.Log.Info("external MFA was proved", "user", a.User, "amr", next.amr, "client_request_id", a.Request)
	return p.post(w, r, a.question, app.Field{Name: "id_token", Value: token})
}

type notPage struct {
	ID   string
	Why  whyNot
	Name string // as Entra shows it
}

// find is the request that the address names. Its errors are for the person.
func (p *Provider) find(tx *db.Tx, r *http.Request) (*asked, error) {
	a, err := findAsked(tx, p.Keys.Lookups(purpose, r.PathValue("id")))
	switch {
	case err != nil:
		return nil, err
	case a == nil:
		return nil, problem.New(problem.Gone, "externalmfa.gone")
	case !a.AnsweredAt.IsZero():
		return nil, problem.New(problem.Gone, "externalmfa.answered")
	}
	return a, nil
}

func (p *Provider) decide(tx *db.Tx, r *http.Request, a *asked) (turn, error) {
	late := !tx.Now.Before(a.CreatedAt.Add(patience))
	c, there, err := findConnection(tx, a.ClientID)
	switch {
	case err != nil:
		return turn{}, err
	case !there || c.Tenant != a.Hint.Tenant: // since a moment ago
		return turn{}, problem.New(problem.Malformed, "externalmfa.unknown-client")
	case late && a.Attempt == "":
		return turn{refused: refusedLate}, nil
	case a.Not != fine:
		return turn{not: a.Not}, nil
	}
	// The person is found anew at the end: what was true at the beginning may not be any more.
	user, isNew, not, err := p.person(tx, c, a.Hint)
	if err != nil {
		return turn{}, err
	}
	if a.Attempt == "" {
		return p.begin(tx, r, a, user, not)
	}
	step, proofs, err := p.Flow.Outcome(tx, r, a.Attempt)
	switch {
	case err != nil:
		return turn{}, err
	case step.Reason == signin.ReasonUnknown: // another browser's
		return turn{}, problem.New(problem.Gone, "externalmfa.gone")
	case late:
		return turn{refused: refusedLate}, nil
	case step.Kind == signin.Refuse:
		return turn{refused: refusedProof}, nil
	case step.Kind != signin.Done:
		return turn{to: signin.Address(a.Attempt)}, nil
	}
	return p.arrived(tx, a, c, user, isNew, not, proofs)
}

// begin sends the person through the flow: one proof of possession, of a kind that Entra takes. Entra has seen the first
// proof, and says so with its signature.
func (p *Provider) begin(tx *db.Tx, r *http.Request, a *asked, user directory.User, not whyNot) (turn, error) {
	if not != fine {
		return turn{not: not}, p.turnAway(tx, r, a, user, not)
	}
	attempt := &signin.Attempt{Typed: user.Username, User: user, Known: p.Flow.KnownDevice(r, user),
		Need:      signin.Need{Level: session.Multi, Methods: kindsFor(a.AMR)},
		Proofs:    []session.Proof{{Kind: string(signin.Outside), Factor: session.Knowledge, At: tx.Now}},
		ReturnTo:  r.URL.Path,
		Elsewhere: &signin.Elsewhere{By: microsoft, Until: a.CreatedAt.Add(patience)}}
	to, err := p.Flow.Begin(tx, r, attempt)
	if err != nil {
		return turn{}, err
	}
	return turn{to: to}, a.begun(tx, user.ID, attempt.ID)
}

// arrived makes the answer of what was proved, and links who came for the first time: not before, so that nobody is bound
// by a name alone.
func (p *Provider) arrived(tx *db.Tx, a *asked, c Connection, user directory.User, isNew bool, not whyNot, proofs []session.Proof) (turn, error) {
	amr := chooseAMR(proofs, a.AMR)
	switch {
	case not != fine || user.ID != a.User:
		return turn{refused: refusedPerson}, nil
	case amr == "":
		return turn{refused: refusedMethods}, nil
	case isNew:
		name := a.Hint.UPN
		if name == "" {
			name = a.Hint.Preferred
		}
		if err := Tie(tx, user.ID, Link{Tenant: c.Tenant, Object: a.Hint.Object, User: user.ID, Name: cut(name)}); err != nil {
			return turn{}, err
		}
	}
	return turn{amr: amr}, nil
}

// leave is the button of the page that says why nobody can be asked: Entra is told.
func (p *Provider) leave(w http.ResponseWriter, r *http.Request) error {
	var a *asked
	err := p.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		if a, err = p.find(tx, r); err != nil || a.Attempt != "" {
			return err
		}
		return a.answered(tx)
	})
	switch {
	case err != nil:
		return err
	case a.Attempt != "": // which is ended in the flow
		return page.Redirect(w, r, r.URL.Path)
	}
	return p.refuse(w, r, a.question, refusedPerson)
}

// turnAway puts it into the audit trail that somebody was turned away whom nobody here answers for.
func (p *Provider) turnAway(tx *db.Tx, r *http.Request, a *asked, user directory.User, not whyNot) error {
	if isNew, err := a.refuse(tx, not); err != nil || !isNew {
		return err
	}
	visit := page.VisitOf(r)
	e := audit.Event{Type: audit.ExternalMFARefused, Actor: "unknown", User: user.ID, Agent: session.Browser(visit.Agent),
		Detail: audit.Detail{"why": string(not), "tenant": a.Hint.Tenant, "object": a.Hint.Object, "name": cut(a.Hint.Preferred)}}
	if visit.Address.IsValid() {
		e.Address = visit.Address.String()
	}
	return audit.Record(tx, e)
}

// cut is text of a stranger as it may stand in a record.
func cut(text string) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), 100)])
}
