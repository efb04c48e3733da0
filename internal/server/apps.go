// The wiring of apps: the desk, and a line for each protocol.
package server

import (
	"context"
	"net/http"
	"time"

	"woggle/internal/app"
	"woggle/internal/app/externalmfa"
	"woggle/internal/app/forwardauth"
	"woggle/internal/app/microsoft365"
	"woggle/internal/app/oidc"
	"woggle/internal/app/saml"
	"woggle/internal/app/scim"
	"woggle/internal/app/scim/target"
	"woggle/internal/app/wsfed"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys/signing"
	"woggle/internal/outgoing"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/samltoken"
	"woggle/internal/session"
)

// apps are the parts behind the sign-in.
type apps struct {
	desk        *app.Desk
	keys        *signing.Store
	client      *http.Client // for what Woggle asks of other sites
	oidc        *oidc.Provider
	saml        *saml.Provider
	wsfed       *wsfed.Provider
	forward     *forwardauth.Forward
	externalMFA *externalmfa.Provider
	scim        *scim.Server   // systems that keep people here
	targets     *target.Worker // systems in which people are kept
}

// addApps makes the desk and the protocols.
func (s *Server) addApps(o Options) (err error) {
	base := o.Base.String()
	s.apps.client = outgoing.New(isLoopback(o.Base.Hostname()))
	s.apps.desk, err = app.New(app.Deps{DB: o.DB, Keys: o.Keys, Pages: s.pages, Sessions: s.sessions, Flow: s.flow, Log: o.Log,
		Leave: func(w http.ResponseWriter, r *http.Request, then string) (string, error) {
			to, _, err := s.leave(w, r, then)
			return to, err
		}})
	if err != nil {
		return err
	}
	desk, keys := s.apps.desk, s.apps.keys
	s.apps.oidc, err = oidc.New(oidc.Deps{DB: o.DB, Keys: o.Keys, Pages: s.pages, Sessions: s.sessions, Desk: desk, Signing: keys,
		Outgoing: s.apps.client, Base: base, Depart: s.depart, Log: o.Log})
	if err != nil {
		return err
	}
	s.apps.saml, err = saml.New(saml.Deps{DB: o.DB, Keys: o.Keys, Signing: keys, Pages: s.pages, Sessions: s.sessions, Desk: desk, Base: base,
		Identities: atMicrosoft, Pictures: func(r *http.Request) (string, error) { return s.apps.wsfed.Leave(r) }})
	if err != nil {
		return err
	}
	s.apps.wsfed, err = wsfed.New(wsfed.Deps{DB: o.DB, Pages: s.pages, Signing: keys, Desk: desk, Base: base, Brand: o.Brand.Name,
		Identities: atMicrosoft, Forget: s.forget, Log: o.Log,
		Walk: func(w http.ResponseWriter, r *http.Request) (string, error) { return s.leaveSAML(w, r, "") }})
	if err != nil {
		return err
	}
	s.apps.forward, err = forwardauth.New(forwardauth.Deps{DB: o.DB, Keys: o.Keys, Signing: keys, Pages: s.pages, Sessions: s.sessions,
		Desk: desk, Base: o.Base, Trusts: s.trusts, Log: o.Log})
	if err != nil {
		return err
	}
	desk.Use(s.apps.oidc, s.apps.saml, s.apps.wsfed, s.apps.forward)
	s.apps.externalMFA, err = externalmfa.New(externalmfa.Deps{DB: o.DB, Keys: o.Keys, Pages: s.pages, Flow: s.flow, Desk: desk,
		Signing: keys, Outgoing: s.apps.client, Clouds: o.Clouds, Matched: microsoft365.OfObject, Base: base, Log: o.Log})
	if err != nil {
		return err
	}
	s.apps.targets = &target.Worker{DB: o.DB, Keys: o.Keys, HTTP: s.apps.client, Log: o.Log}
	s.apps.scim, err = scim.New(scim.Deps{DB: o.DB, Keys: o.Keys, Base: base, Locales: s.pages.Locales, Log: o.Log})
	return err
}

// mountApps adds the routes of the desk and the protocols.
func (s *Server) mountApps(bare func(string, http.HandlerFunc), guarded, foreign func(string, page.Handler)) {
	s.apps.desk.Mount(guarded)                       // /app
	s.apps.oidc.Mount(guarded, foreign, bare)        // /oidc, /device, /.well-known/openid-configuration
	s.apps.saml.Mount(guarded, foreign, bare)        // /saml
	s.apps.wsfed.Mount(guarded, foreign, bare)       // /wsfed, /FederationMetadata
	s.apps.forward.Mount(bare, guarded)              // /forward
	s.apps.externalMFA.Mount(guarded, foreign, bare) // /microsoft
	s.apps.scim.Mount(bare)                          // /scim/v2
}

// atMicrosoft is somebody as the connected tenants of Microsoft 365 know them.
func atMicrosoft(tx *db.Tx, user directory.User, hint string) (samltoken.Identity, bool, error) {
	account, found, err := microsoft365.Identity(tx, user.ID, hint)
	return samltoken.Identity{Issuer: account.Issuer, UPN: account.UPN, ImmutableID: account.ImmutableID}, found, err
}

// tiles are the apps that the user may open: the registered ones, then those of Microsoft 365.
func (s *Server) tiles(ctx context.Context, user string) ([]app.Tile, error) {
	all, err := s.apps.desk.Tiles(ctx, user)
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		more, err := microsoft365.Tiles(tx, user)
		all = append(all[:len(all):len(all)], more...)
		return err
	})
	return all, err
}

// AppReaders let each protocol judge the settings of an app, by the name of the protocol.
func AppReaders() map[string]func(*app.App) error {
	readers := map[string]func(*app.App) error{}
	for _, p := range []app.Protocol{&oidc.Provider{}, &saml.Provider{}, &wsfed.Provider{}, &forwardauth.Forward{}} {
		readers[p.Name()] = p.Read
	}
	return readers
}

// AppFacts are what has to be typed into the app, for whoever sets it up. The base is our own address.
func AppFacts(base string, a *app.App) []app.Fact {
	facts := map[string]func(string, *app.App) []app.Fact{oidc.Name: oidc.Facts, saml.Name: saml.Facts, wsfed.Name: wsfed.Facts,
		forwardauth.Name: forwardauth.Facts}
	if tell, known := facts[a.Protocol]; known {
		return tell(base, a)
	}
	return nil
}

// Apps is the desk, for what stands around the server.
func (s *Server) Apps() *app.Desk { return s.apps.desk }

// settleEvery is how soon apps begin to be told that somebody was signed out everywhere.
const settleEvery = 2 * time.Second

// tendApps does what the apps need from time to time.
func (s *Server) tendApps(ctx context.Context) {
	if err := s.db.Tx(ctx, session.Settle); err != nil && ctx.Err() == nil {
		s.log.Error("visits of people who were signed out everywhere could not be ended; it is tried again", "error", err)
	}
}

// tellApps tells apps that somebody has signed out.
func (s *Server) tellApps(ctx context.Context) {
	if err := s.apps.oidc.TellApps(ctx); err != nil && ctx.Err() == nil {
		s.log.Error("apps could not be told of sign-outs; it is tried again", "error", err)
	}
}

// sweepGrants deletes what is long over of sessions and of what apps asked and were given, a little at a time, until nothing is
// left: as much comes in a day as people sign in.
func (s *Server) sweepGrants(ctx context.Context) {
	for name, sweep := range map[string]func(*db.Tx) (bool, error){"sessions": session.Sweep, "requests of apps": app.Sweep, "grants": oidc.Sweep,
		"answers of SAML": saml.Sweep, "answers of WS-Federation": wsfed.Sweep, "hosts behind proxies": forwardauth.Sweep} {
		for more := true; more && ctx.Err() == nil; {
			err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
				more, err = sweep(tx)
				return err
			})
			if err != nil {
				if ctx.Err() == nil {
					s.log.Error("old rows could not be swept; it is tried again in an hour", "rows", name, "error", err)
				}
				break
			}
		}
	}
}

// tendKeys makes the next signing key in time.
func (s *Server) tendKeys(ctx context.Context) {
	if err := s.apps.keys.Tend(ctx); err != nil && ctx.Err() == nil {
		s.log.Error("the next signing key could not be made; it is tried again in an hour", "error", err)
	}
	if err := s.warnOfCertificates(ctx); err != nil && ctx.Err() == nil {
		s.log.Error("the certificates could not be looked at; it is tried again in an hour", "error", err)
	}
}

// certificateWarning is how long before its end a certificate is warned of: administrators are volunteers.
const certificateWarning = 60 * 24 * time.Hour

// warnOfCertificates says in the log what would lock people of a federated domain, or of any app of SAML, out, while there is time.
func (s *Server) warnOfCertificates(ctx context.Context) error {
	all, err := s.apps.keys.Published(ctx, signing.Federation)
	if err != nil {
		return err
	}
	var current, next []byte
	for _, key := range all {
		if left := key.Certificate.NotAfter.Sub(s.db.Now()); key.State() == signing.Active && left < certificateWarning {
			s.log.Warn("the certificate with which apps of SAML and WS-Federation are told who somebody is ends soon: woggle key rotate federation, and give them the new one",
				"ends", key.Certificate.NotAfter.Format(time.DateOnly))
		}
		switch key.State() {
		case signing.Active:
			current = key.Certificate.Raw
		case signing.Next:
			next = key.Certificate.Raw
		}
	}
	var warnings []string
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		warnings, err = microsoft365.Warnings(tx, current, next)
		return err
	})
	for _, warning := range warnings {
		s.log.Warn(warning)
	}
	return err
}

// sweepApps deletes what apps have left behind.
func sweepApps() map[string]func(*db.Tx) error {
	return map[string]func(*db.Tx) error{"requests of external MFA": externalmfa.Sweep, "tries over SCIM": scim.Sweep}
}

// foreign wraps a page that another site's form comes to: an app sends the browser with a request. It is no form of ours, so
// that it carries no token, and it may do nothing in anybody's name: no cookie is looked at.
func (s *Server) foreign(h page.Handler) http.Handler {
	return s.pages.Handle(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodPost {
			return problem.New(problem.Method, "error.method")
		}
		if err := readForm(w, r); err != nil {
			return err
		}
		return h(w, r)
	})
}
