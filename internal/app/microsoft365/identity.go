// Who somebody is at Microsoft.
package microsoft365

import (
	"strings"
	"time"

	"woggle/internal/db"
)

// Account is the account of a person in a tenant.
type Account struct {
	Tenant      string
	User        string // the person's id here
	Object      string // Microsoft's id of the account; empty: it is about to be made
	UPN         string // as it was last read
	ImmutableID string // under which the account is named in tokens; empty: it has none yet
	By          Evidence
	MatchedAt   time.Time
	DisabledAt  time.Time // when we switched it off; zero: we did not

	Issuer   string   // who speaks for its domain; set by Identity
	Protocol Protocol // how Microsoft wants to be answered for it; set by Identity
}

// Ready tells whether the person can be named to Microsoft.
func (a Account) Ready() bool { return a.Object != "" && a.ImmutableID != "" }

// Identity is the account under which the user signs in to Microsoft 365, with the issuer of its domain. The hint is the name or the
// domain that Microsoft asked for, or empty: it chooses where the user has accounts in several tenants. It is false where
// nobody could be named: the user was not matched, has no immutable id yet, or has an account outside the connected
// domains, for which nobody here may speak.
func Identity(tx *db.Tx, user, hint string) (Account, bool, error) {
	all, err := accountsOf(tx, user)
	if err != nil || len(all) == 0 {
		return Account{}, false, err
	}
	connected, err := Domains(tx)
	if err != nil {
		return Account{}, false, err
	}
	best, found := Account{}, false
	for _, a := range all {
		d, within := domainOf(connected, a.UPN)
		if !a.Ready() || !within || d.Tenant != a.Tenant {
			continue
		}
		a.Issuer, a.Protocol = d.Issuer, d.Protocol
		if !found || hinted(a.UPN, hint) && !hinted(best.UPN, hint) {
			best, found = a, true
		}
	}
	return best, found, nil
}

// hinted tells whether a hint means the user principal name: the whole of it, or its domain.
func hinted(upn, hint string) bool {
	_, domain, _ := strings.Cut(upn, "@")
	return hint != "" && (strings.EqualFold(hint, upn) || strings.EqualFold(hint[strings.LastIndexByte(hint, '@')+1:], domain))
}

// OfObject is the id of the user whose account in a tenant has Microsoft's id object. It finds who comes with a token of
// Microsoft's.
func OfObject(tx *db.Tx, tenant, object string) (user string, found bool, err error) {
	if object == "" {
		return "", false, nil
	}
	all, err := accounts(tx, "WHERE tenant_id = $1 AND object_id = $2", strings.ToLower(tenant), strings.ToLower(object))
	if err != nil || len(all) == 0 {
		return "", false, err
	}
	return all[0].User, true, nil
}
