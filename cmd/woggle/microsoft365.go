// woggle microsoft365: connecting a tenant, seeing what is missing, and sending its people here.
package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/app"
	"woggle/internal/app/microsoft365"
	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/keys/signing"
	"woggle/internal/server"
)

type microsoft365Command struct {
	Place `embed:""`

	Connect   microsoft365Connect   `cmd:"" help:"Connect a tenant, or add domains to it; print the certificate to upload."`
	Check     microsoft365Check     `cmd:"" help:"See what has to be done before a domain's people sign in here."`
	Script    microsoft365Script    `cmd:"" help:"Write a script for Microsoft Graph PowerShell: check, rollback, federate or rollover."`
	Federate  microsoft365Federate  `cmd:"" help:"Send a domain's people here to sign in; without --go only show how."`
	Rollback  microsoft365Rollback  `cmd:"" help:"Give a domain back to Microsoft; without --go only show how."`
	Match     microsoft365Match     `cmd:"" help:"See which account is whose; with --go keep it."`
	Provision microsoft365Provision `cmd:"" help:"Make and change accounts; without --go only show the difference."`
	Report    microsoft365Report    `cmd:"" help:"See who depends on Microsoft's texts and calls, which end on 1 February 2027."`
}

// AfterApply hands the place to the command below.
func (c *microsoft365Command) AfterApply(k *kong.Context) error {
	k.Bind(&c.Place)
	return nil
}

// tenants opens the installation for a command about Microsoft 365.
func (p *program) tenants(k *kong.Context, place *Place, do func(m *microsoft365.Manager) error) error {
	return p.work(k, place, func(o *office) error {
		return do(microsoft365.New(microsoft365.Options{DB: o.db, Keys: o.ring, Base: o.site.Base, Organisation: o.site.Brand.Name,
			Signing: signingFor(signing.New(o.db, o.ring, o.site.Brand.Name)), Answering: o.answering, Clouds: p.clouds}))
	})
}

// signingFor gives the certificates of the keys that sign for Microsoft.
func signingFor(keys *signing.Store) microsoft365.Signing {
	return microsoft365.Signing{
		Certificates: func(ctx context.Context) (current, next *x509.Certificate, nextAt time.Time, err error) {
			active, err := keys.Active(ctx, signing.Federation, signing.RS256)
			if err != nil {
				return nil, nil, nextAt, err
			}
			all, err := keys.Published(ctx, signing.Federation)
			for _, key := range all {
				if key.State() == signing.Next && key.Alg == signing.RS256 {
					next, nextAt = key.Certificate, key.ActiveAt
				}
			}
			return active.Certificate, next, nextAt, err
		},
		Rotate: func(ctx context.Context, at time.Time) error {
			return keys.Rotate(ctx, audit.System, signing.Federation, signing.RS256, at)
		},
	}
}

// answering is the app that answers Microsoft over the protocol.
func (o *office) answering(ctx context.Context, protocol microsoft365.Protocol) (found microsoft365.Answering, err error) {
	var apps []*app.App
	err = o.db.Ask(ctx, func(tx *db.Tx) (err error) {
		apps, err = app.List(tx)
		return err
	})
	for _, a := range apps {
		if a.Protocol != string(protocol) || server.AppReaders()[a.Protocol](a) != nil || a.Audience != microsoft365.Realm {
			continue
		}
		var own struct {
			Domains map[string]string `json:"domains"`    // of WS-Federation
			Issuer  bool              `json:"own_issuer"` // of SAML
		}
		if err := json.Unmarshal(a.Settings, &own); err != nil {
			return found, err
		}
		found = microsoft365.Answering{Found: true, ID: a.ID, Disabled: a.Disabled, Groups: len(a.Groups) > 0, Own: len(own.Domains) > 0 || own.Issuer, Domains: own.Domains}
	}
	return found, err
}

type microsoft365Connect struct {
	Tenant      string   `arg:"" optional:"" help:"Id of the tenant, as the Entra portal shows it under Overview; may be left out once it is connected."`
	App         string   `placeholder:"ID" help:"Id of the application that was registered for Woggle; without one there are scripts only."`
	Cloud       string   `placeholder:"NAME" help:"global, us or china (global)."`
	Domain      []string `placeholder:"NAME" help:"Domain whose people are to sign in here. May be given several times."`
	Forget      []string `placeholder:"NAME" help:"Domain that was connected by mistake. May be given several times."`
	SAML        bool     `name:"saml" help:"The domains that are named use SAML 2.0 instead of WS-Federation."`
	SecretFile  string   `placeholder:"FILE" help:"File with a secret of the application, where a certificate cannot be used."`
	Renew       bool     `help:"Make a new certificate; the old one works until the new one is uploaded."`
	Certificate string   `placeholder:"FILE" help:"Write the certificate to this file as well, to upload it."`
	JSON        bool     `help:"Print JSON."`
}

// tenantRow is a tenant as it is printed.
type tenantRow struct {
	Tenant      string                    `json:"tenant"`
	Cloud       graph.Cloud               `json:"cloud"`
	App         string                    `json:"app"`
	Domains     []domainRow               `json:"domains"`
	Certificate string                    `json:"certificate"` // PEM; empty: there is none
	Until       *time.Time                `json:"certificate_until"`
	Permissions []microsoft365.Permission `json:"permissions"`
}

type domainRow struct {
	Name     string                `json:"name"`
	Protocol microsoft365.Protocol `json:"protocol"`
	Issuer   string                `json:"issuer"`
}

// Run stores the tenant and says what to do next.
func (c *microsoft365Connect) Run(p *program, k *kong.Context, place *Place) error {
	return p.tenants(k, place, func(m *microsoft365.Manager) error {
		wish, err := c.wish(p.ctx, m)
		if err != nil {
			return err
		}
		done, err := m.Connect(p.ctx, wish)
		if err != nil {
			return err
		}
		row := tenantRow{Tenant: done.Tenant.ID, Cloud: done.Tenant.Cloud, App: done.Tenant.App, Domains: []domainRow{}, Permissions: microsoft365.Permissions[:]}
		for _, d := range done.Domains {
			row.Domains = append(row.Domains, domainRow{d.Name, d.Protocol, d.Issuer})
		}
		if done.Certificate != nil {
			row.Certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: done.Certificate.Raw}))
			row.Until = &done.Certificate.NotAfter
		}
		if c.Certificate != "" {
			if row.Certificate == "" {
				return errors.New("the tenant is connected; there is no certificate to write, because a secret is used")
			}
			if err := os.WriteFile(c.Certificate, []byte(row.Certificate), 0o644); err != nil {
				return err
			}
		}
		if c.JSON {
			return p.printJSON(row)
		}
		return row.print(p)
	})
}

// wish completes what was typed with what is known of the tenant already.
func (c *microsoft365Connect) wish(ctx context.Context, m *microsoft365.Manager) (wish microsoft365.Connection, err error) {
	wish = microsoft365.Connection{Tenant: c.Tenant, Cloud: graph.Cloud(c.Cloud), App: c.App, Renew: c.Renew, Domains: c.Domain, Forget: c.Forget, Protocol: microsoft365.WSFed}
	if c.SAML {
		wish.Protocol = microsoft365.SAML
	}
	known, err := m.Find(ctx, c.Tenant)
	if c.Tenant == "" && err != nil {
		return wish, err
	}
	if wish.Tenant = c.Tenant; c.Tenant == "" {
		wish.Tenant = known.Tenant.ID
	}
	if wish.App == "" {
		wish.App = known.Tenant.App
	}
	if wish.Cloud == "" {
		if wish.Cloud = known.Tenant.Cloud; wish.Cloud == "" {
			wish.Cloud = graph.Global
		}
	}
	if c.SecretFile != "" {
		text, err := os.ReadFile(c.SecretFile)
		if err != nil {
			return wish, err
		}
		if wish.Secret = strings.TrimSpace(string(text)); wish.Secret == "" {
			return wish, fmt.Errorf("%s is empty", c.SecretFile)
		}
	}
	return wish, nil
}

func (r tenantRow) print(p *program) error {
	fmt.Fprintf(p.out, "The tenant %s is connected.\n", r.Tenant)
	for _, d := range r.Domains {
		fmt.Fprintf(p.out, "  %s over %s, as %s\n", d.Name, d.Protocol, d.Issuer)
	}
	if r.App == "" {
		_, err := fmt.Fprintln(p.out, "\nThere is no application yet, so there are scripts only: woggle microsoft365 script --help")
		return err
	}
	if r.Certificate != "" {
		fmt.Fprintf(p.out, "\nUpload this certificate in the Entra portal, under App registrations > (the application) > Certificates & secrets > Certificates.\nIt is no secret, and good until %s.\n\n%s",
			r.Until.Format(time.DateOnly), r.Certificate)
	}
	fmt.Fprint(p.out, "\nUnder API permissions, add these application permissions of Microsoft Graph, then press Grant admin consent:\n")
	table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, one := range r.Permissions {
		fmt.Fprintf(table, "  %s\t%s\n", one.Name, one.For)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.out, "\nThen: woggle microsoft365 check")
	return err
}

type microsoft365Check struct {
	Tenant string `placeholder:"ID" help:"Only needed where several tenants are connected."`
	JSON   bool   `help:"Print JSON."`
}

// Run looks at everything, and fails while something is wrong.
func (c *microsoft365Check) Run(p *program, k *kong.Context, place *Place) error {
	return p.tenants(k, place, func(m *microsoft365.Manager) error {
		tenant, err := m.Find(p.ctx, c.Tenant)
		if err != nil {
			return err
		}
		picture, _, err := m.Read(p.ctx, tenant)
		if err != nil {
			return err
		}
		results := microsoft365.Sorted(microsoft365.CheckAll(m.Base, tenant, picture))
		if c.JSON {
			err = p.printJSON(results)
		} else {
			p.printResults(results)
		}
		if err == nil && microsoft365.Worst(results, nil) == microsoft365.Wrong {
			err = errTold
		}
		return err
	})
}

// mostPeople is how many names are listed below a result; --json has them all.
const mostPeople = 20

func (p *program) printResults(results []microsoft365.Result) {
	for _, r := range results {
		fmt.Fprintf(p.out, "%-8s %s: %s\n", r.Level, r.Check, graph.Plain(r.What, 500))
		if r.Do != "" {
			fmt.Fprintf(p.out, "         %s\n", r.Do)
		}
		for i, name := range r.People {
			if i == mostPeople {
				fmt.Fprintf(p.out, "           and %d more\n", len(r.People)-i)
				break
			}
			fmt.Fprintf(p.out, "           %s\n", graph.Plain(name, 200))
		}
	}
}

type microsoft365Script struct {
	Name   string `arg:"" enum:"check,rollback,federate,rollover" help:"check, rollback, federate or rollover."`
	Domain string `arg:"" help:"The domain."`
}

// Run writes the script, in which there is no secret.
func (c *microsoft365Script) Run(p *program, k *kong.Context, place *Place) error {
	return p.tenants(k, place, func(m *microsoft365.Manager) error {
		script, err := m.Script(p.ctx, c.Name, c.Domain)
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(p.out, script)
		return err
	})
}
