// woggle serve: the real server.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/method/phone"
	"woggle/internal/server"
)

type serveCommand struct {
	Settings    `embed:""`
	AcceptClock bool `help:"Believe this computer's clock, though a later time was seen before."`
}

// Run serves until the program is told to stop.
func (c *serveCommand) Run(p *program, k *kong.Context) error {
	boundMemory()
	site, err := c.site(p, k)
	if err != nil {
		return err
	}
	d, ring, err := open(p.ctx, site)
	if err != nil {
		return err
	}
	defer d.Close()
	if c.AcceptClock {
		if err := server.AcceptTime(p.ctx, d); err != nil {
			return err
		}
	}
	log := p.logger(site.JSON)
	if site.Apps != nil {
		_, unknown, err := applyApps(p.ctx, d, site.Apps)
		if err != nil {
			return fmt.Errorf("the apps file: %w", err)
		}
		for _, name := range unknown {
			log.Warn("there is no such group: an app that only it may use is open to nobody", "group", name)
		}
	}
	s, err := server.New(server.Options{DB: d, Keys: ring, Base: site.Base, Brand: site.Brand, Zone: site.Zone, Stay: site.Stay,
		Plan: phone.Plan{Default: site.Country, Allowed: site.Countries}, TrustedProxies: site.Proxies, SMTP: site.SMTP, Log: log,
		Routes: site.Phones.Routes(site.Base, log), Limits: site.Phones.limits(), Currency: site.Phones.currency(),
		Approve: site.Approve, MetricsToken: site.Metrics, PasskeyHost: site.Former, Backups: site.night(d, ring, log)})
	if err != nil {
		return err
	}
	listener, err := listen(p.ctx, site)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w", site.Listen, err)
	}
	if err := p.welcome(s, site.Base); err != nil {
		listener.Close()
		return err
	}
	go saveMemory(p.ctx)
	log.Info("serving", "address", site.Base.String(), "listen", site.Listen, "version", version())
	defer log.Info("stopped")
	return s.Serve(p.ctx, listener)
}

// site reads the settings; what is wrong with them is explained, and errTold returned.
func (c *serveCommand) site(p *program, k *kong.Context) (Site, error) {
	site, found := c.resolve(p, k)
	for _, f := range found {
		if !f.Warning {
			fmt.Fprintln(p.err, f)
		}
	}
	if errorsIn(found) > 0 {
		return site, errTold
	}
	return site, nil
}

// resolve loads the settings of a command and judges them.
func (s *Settings) resolve(p *program, k *kong.Context) (Site, []Finding) {
	origins, found := s.Load(given(k), p.environ)
	site, more := s.Resolve(origins, p.variable(passwordVariable), p.variables())
	return site, append(found, more...)
}

// given are the flags of the command line.
func given(k *kong.Context) (flags []string) {
	for _, part := range k.Path {
		if part.Flag != nil && !part.Resolved {
			flags = append(flags, part.Flag.Name)
		}
	}
	return flags
}

// variables are those of the environment that are ours.
func (p *program) variables() map[string]string {
	all := map[string]string{}
	for _, entry := range p.environ {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "WOGGLE_") {
			all[name] = value
		}
	}
	return all
}

func (p *program) variable(name string) (value string) {
	for _, entry := range p.environ {
		if text, found := strings.CutPrefix(entry, name+"="); found {
			value = text
		}
	}
	return value
}

// open opens the database and the keys, and makes both at the first start.
func open(ctx context.Context, site Site) (*db.DB, *keys.Ring, error) {
	folders := []string{site.Data, filepath.Dir(site.Keys)}
	if path, lite := strings.CutPrefix(site.Database, "sqlite:"); lite {
		folders = append(folders, filepath.Dir(path))
	}
	for _, folder := range folders {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, nil, fmt.Errorf("the folder for the data cannot be made: %w", err)
		}
	}
	ring, _, err := keys.LoadOrCreate(site.Keys, time.Now())
	if err != nil {
		return nil, nil, err
	}
	d, err := db.Open(site.Database, time.Now)
	if err != nil {
		return nil, nil, err
	}
	err = d.Migrate(ctx)
	if err == nil {
		err = server.CheckKeys(ctx, d, ring)
	}
	if err != nil {
		d.Close()
		return nil, nil, explainOpen(err, site)
	}
	return d, ring, nil
}

// explainOpen says what to do about a database that cannot be used.
func explainOpen(err error, site Site) error {
	switch {
	case errors.Is(err, server.ErrWrongKeys):
		return fmt.Errorf("%s: %w", site.Keys, err)
	case errors.Is(err, db.ErrUnavailable):
		return fmt.Errorf("the database cannot be reached (woggle check tells more): %w", err)
	}
	return err
}

// welcome prints the link with which the first administrator signs in. It goes to the standard output and not into the
// log, which may be read by more people.
func (p *program) welcome(s *server.Server, base *url.URL) error {
	address, needed, err := s.SetupLink(p.ctx)
	if err != nil || !needed {
		return err
	}
	fmt.Fprintf(p.out, "No administrator has signed in yet. Whoever opens this link becomes the first; it works once, for a day,\n"+
		"and a restart makes another one:\n\n    %s\n\n", address)
	return nil
}

// listen opens the port, with TLS if it ends here.
func listen(ctx context.Context, site Site) (net.Listener, error) {
	config, err := tlsConfig(site)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", site.Listen)
	if err != nil || config == nil {
		return listener, err
	}
	return tls.NewListener(listener, config), nil
}

func tlsConfig(site Site) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	switch site.TLS {
	case files:
		pair := &certificate{cert: site.TLSCert, key: site.TLSKey}
		if _, err := pair.get(nil); err != nil {
			return nil, err
		}
		config.GetCertificate = pair.get
	case automatic:
		manager := &autocert.Manager{Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(site.names()...),
			Cache: autocert.DirCache(filepath.Join(site.Data, "certificates")), Email: site.ACMEEmail}
		config.GetCertificate = manager.GetCertificate
		config.NextProtos = append(config.NextProtos, acme.ALPNProto)
	default:
		return nil, nil
	}
	return config, nil
}
