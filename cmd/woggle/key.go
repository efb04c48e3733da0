// woggle key: the keys with which apps are told who somebody is.
package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/audit"
	"woggle/internal/keys/signing"
)

type keyCommand struct {
	Place `embed:""`

	List   keyList   `cmd:"" help:"List the signing keys: which signs, which comes next, which is still believed."`
	Rotate keyRotate `cmd:"" help:"Make the next signing key: apps see it at once, and it signs in three days."`
}

// AfterApply hands the place to the command below.
func (c *keyCommand) AfterApply(k *kong.Context) error {
	k.Bind(&c.Place)
	return nil
}

type keyList struct {
	JSON bool `help:"Print JSON."`
}

// keyRow is a signing key as lists show it: never the key itself.
type keyRow struct {
	Use     signing.Use   `json:"use"`
	Alg     signing.Alg   `json:"alg"`
	ID      string        `json:"id"`
	State   signing.State `json:"state"`
	From    time.Time     `json:"signs_from"`
	Until   *time.Time    `json:"believed_until"`    // null: no end is known
	Expires time.Time     `json:"certificate_until"` // of its certificate
}

// Run lists the keys.
func (c *keyList) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		rows := []keyRow{}
		store := signing.New(o.db, o.ring, o.site.Brand.Name)
		for _, use := range signing.Uses {
			all, err := store.Published(p.ctx, use)
			if err != nil {
				return err
			}
			for _, key := range all {
				r := keyRow{Use: use, Alg: key.Alg, ID: key.ID, State: key.State(), From: key.ActiveAt, Expires: key.Certificate.NotAfter}
				if !key.RetireAt.IsZero() {
					r.Until = &key.RetireAt
				}
				rows = append(rows, r)
			}
		}
		if c.JSON {
			return p.printJSON(rows)
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		for _, r := range rows {
			until := ""
			if r.Until != nil {
				until = "until " + r.Until.Format(time.DateOnly)
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\tfrom %s\t%s\n", r.Use, r.Alg, r.ID, r.State, r.From.Format(time.DateOnly), until)
		}
		return table.Flush()
	})
}

type keyRotate struct {
	Use    string `arg:"" enum:"oidc,federation,external-mfa" help:"oidc, federation (SAML and WS-Federation), or external-mfa."`
	Alg    string `enum:"RS256,ES256" default:"RS256" help:"RS256 or ES256 (${default})."`
	Stolen bool   `help:"Somebody else may have the key: change at once, and believe nothing that it signed. Apps that keep keys fail until they look again."`
}

// Run makes the next key.
func (c *keyRotate) Run(p *program, k *kong.Context, place *Place) error {
	if signing.Use(c.Use) != signing.OIDC && signing.Alg(c.Alg) != signing.RS256 {
		return errors.New("all but oidc is signed with RSA only: leave --alg away")
	}
	return p.work(k, place, func(o *office) error {
		at := o.db.Now().Add(signing.Ahead)
		if c.Stolen {
			at = o.db.Now()
		}
		err := signing.New(o.db, o.ring, o.site.Brand.Name).Rotate(p.ctx, audit.System, signing.Use(c.Use), signing.Alg(c.Alg), at)
		switch {
		case err != nil:
			return err
		case c.Stolen:
			fmt.Fprintln(p.out, "The new key signs now, and the old one is believed no more. Give Microsoft 365 and SAML apps the new certificate now.")
		default:
			fmt.Fprintf(p.out, "The next key is published, and signs from %s on. SAML apps and Microsoft 365 have to know its certificate by then.\n",
				at.In(o.site.Zone).Format("2 January 2006, 15:04"))
		}
		return nil
	})
}
