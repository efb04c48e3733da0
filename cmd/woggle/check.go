// woggle check: everything that would keep the server from serving, found before it does.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/smtp"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/server"
)

type checkCommand struct {
	Settings `embed:""`
	JSON     bool `help:"Print the findings as JSON."`
}

// Run prints all findings; errors among them make it fail.
func (c *checkCommand) Run(p *program, k *kong.Context) error {
	site, found := c.resolve(p, k)
	if wrong := errorsIn(found); wrong == 0 {
		found = append(found, probe(p.ctx, site)...)
	}
	if c.JSON {
		if err := p.printJSON(found); err != nil {
			return err
		}
	} else {
		for _, f := range found {
			fmt.Fprintln(p.out, f)
		}
	}
	if wrong := errorsIn(found); wrong > 0 {
		fmt.Fprintf(p.err, "%s: the server would not start\n", count(wrong, "error"))
		return errTold
	}
	if !c.JSON {
		fmt.Fprintf(p.out, "The settings are right: people sign in at %s, the server listens on %s.\n", site.Base, site.Listen)
	}
	return nil
}

func errorsIn(found []Finding) (n int) {
	for _, f := range found {
		if !f.Warning {
			n++
		}
	}
	return n
}

func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}

// patience is how long each probe may take.
const patience = 10 * time.Second

// probe tries what the settings name. It makes nothing and sends nothing.
func probe(ctx context.Context, site Site) (found []Finding) {
	found = append(found, probePhones(ctx, site)...)
	found = append(found, probeFolder(site)...)
	found = append(found, probeKeys(ctx, site)...)
	found = append(found, probeBackups(ctx, site)...)
	if site.TLS == files {
		found = append(found, probeCertificate(site, time.Now())...)
	}
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found = append(found, probeRelated(patient, http.DefaultClient, site)...)
	if site.SMTP != nil {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := probeMail(ctx, *site.SMTP); err != nil {
			found = append(found, Finding{Where: "smtp", Wrong: "the mail server cannot be used: " + err.Error(),
				Do: "look at smtp, smtp_tls, smtp_user and the password; no mail was sent"})
		}
	}
	return found
}

// probeFolder tells whether the data is safe from others on this computer.
func probeFolder(site Site) []Finding {
	info, err := os.Stat(site.Data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // the first start makes it
	case err != nil:
		return []Finding{{Where: "data", Wrong: "the folder cannot be read: " + err.Error(), Do: "run this as the user that the server runs as"}}
	case !info.IsDir():
		return []Finding{{Where: "data", Wrong: site.Data + " is not a folder"}}
	case info.Mode().Perm()&0o077 != 0:
		return []Finding{{Where: "data", Warning: true, Wrong: "others on this computer can look into the folder", Do: "run: chmod 700 " + site.Data}}
	}
	return nil
}

// probeKeys tells whether the database answers, and whether the key file is its own.
func probeKeys(ctx context.Context, site Site) (found []Finding) {
	ring, err := keys.Load(site.Keys)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		found = append(found, Finding{Where: "keys", Wrong: err.Error()})
	}
	if path, lite := strings.CutPrefix(site.Database, "sqlite:"); lite {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return found // the first start makes it
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	d, err := db.Open(site.Database, time.Now)
	if err != nil {
		return append(found, Finding{Where: "database", Wrong: err.Error()})
	}
	defer d.Close()
	if err := d.Ping(ctx); err != nil {
		return append(found, Finding{Where: "database", Wrong: "the database does not answer: " + err.Error(), Do: "see that it runs, and that the address is right"})
	}
	belongs, begun, err := server.Belongs(ctx, d, ring)
	switch {
	case err != nil: // an empty database: the first start fills it
	case begun && ring == nil && len(found) == 0:
		found = append(found, Finding{Where: "keys", Wrong: "there is a database, but its key file is gone: " + site.Keys, Do: "put it back from your backup"})
	case begun && ring != nil && !belongs:
		found = append(found, Finding{Where: "keys", Wrong: server.ErrWrongKeys.Error()})
	}
	if behind, err := server.TimeBehind(ctx, d); begun && err == nil && behind > server.SkewRefused {
		found = append(found, Finding{Where: "clock", Wrong: "this computer's clock is " + behind.Round(time.Second).String() + " behind the time when the server last ran",
			Do: "set the clock right; if it is right and was wrong before, start once with --accept-clock"})
	}
	return found
}

// probeCertificate tells whether browsers will take the certificate.
func probeCertificate(site Site, now time.Time) (found []Finding) {
	wrong := func(where, wrong, do string) []Finding {
		return append(found, Finding{Where: where, Wrong: wrong, Do: do})
	}
	pair, err := tls.LoadX509KeyPair(site.TLSCert, site.TLSKey)
	if err != nil {
		return wrong("tls_cert", "certificate and key cannot be used: "+err.Error(), "name the PEM files of one certificate with its chain, and of its key")
	}
	if info, err := os.Stat(site.TLSKey); err == nil && info.Mode().Perm()&0o007 != 0 {
		found = append(found, Finding{Where: "tls_key", Warning: true, Wrong: "everybody on this computer can read the key", Do: "run: chmod 600 " + site.TLSKey})
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return wrong("tls_cert", "the certificate cannot be read: "+err.Error(), "")
	}
	if err := leaf.VerifyHostname(site.Base.Hostname()); err != nil {
		found = wrong("tls_cert", "the certificate is for another name: "+err.Error(), "get one for "+site.Base.Hostname())
	}
	switch left := leaf.NotAfter.Sub(now); {
	case left <= 0:
		found = wrong("tls_cert", "the certificate expired on "+leaf.NotAfter.Format(time.DateOnly), "renew it")
	case now.Before(leaf.NotBefore):
		found = wrong("tls_cert", "the certificate begins only on "+leaf.NotBefore.Format(time.DateOnly), "look at this computer's clock")
	case left < 14*24*time.Hour:
		found = append(found, Finding{Where: "tls_cert", Warning: true, Wrong: "the certificate expires on " + leaf.NotAfter.Format(time.DateOnly), Do: "renew it"})
	}
	return found
}

// probeMail goes as far with the mail server as one can without sending a mail.
func probeMail(ctx context.Context, s message.SMTP) error {
	address := net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: s.Host}
	dial := new(net.Dialer).DialContext
	if s.TLS == message.ImplicitTLS {
		dial = (&tls.Dialer{Config: config}).DialContext
	}
	connection, err := dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { connection.Close() })()
	client, err := smtp.NewClient(connection, s.Host)
	if err != nil {
		return fmt.Errorf("%s does not greet as a mail server does: %w", address, err)
	}
	if err := client.Hello(s.HELO); err != nil {
		return err
	}
	if s.TLS == message.StartTLS {
		if err := client.StartTLS(config); err != nil {
			return fmt.Errorf("STARTTLS: %w", err)
		}
	}
	if s.User != "" {
		if ok, offered := client.Extension("AUTH"); !ok || !strings.Contains(offered, "PLAIN") {
			return client.Quit() // another way to say the password, which only the server itself knows
		}
		if err := client.Auth(smtp.PlainAuth("", s.User, s.Password, s.Host)); err != nil {
			return fmt.Errorf("user name or password: %w", err)
		}
	}
	return client.Quit()
}
