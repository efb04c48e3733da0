// Tenants, proofs, domains and accounts in the database.
package microsoft365

import (
	"fmt"

	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/db"
)

// Tenants are all that are connected, the first one first.
func Tenants(tx *db.Tx) (all []Tenant, err error) {
	err = tx.Each("SELECT id, cloud, app_id, initial, created_at FROM microsoft365_tenants ORDER BY created_at, id", nil, func(scan func(...any) error) error {
		var t Tenant
		var cloud string
		var created int64
		err := scan(&t.ID, &cloud, &t.App, &t.Initial, &created)
		t.Cloud, t.CreatedAt = graph.Cloud(cloud), db.Time(created)
		all = append(all, t)
		return err
	})
	return all, err
}

// saveTenant stores a tenant, or its new cloud and application.
func saveTenant(tx *db.Tx, t Tenant) error {
	_, err := tx.Exec(`INSERT INTO microsoft365_tenants (id, cloud, app_id, initial, created_at) VALUES ($1, $2, $3, '', $4)
		ON CONFLICT (id) DO UPDATE SET cloud = $2, app_id = $3`, t.ID, string(t.Cloud), t.App, tx.Now.UnixMilli())
	return err
}

func setInitial(tx *db.Tx, tenant, initial string) error {
	_, err := tx.Exec("UPDATE microsoft365_tenants SET initial = $2 WHERE id = $1", tenant, initial)
	return err
}

// credentials are those of a tenant, the newest first.
func credentials(tx *db.Tx, tenant string) (all []credential, err error) {
	err = tx.Each(`SELECT id, tenant_id, sealed, certificate, ends_at, created_at FROM microsoft365_credentials WHERE tenant_id = $1
		ORDER BY created_at DESC, id DESC`, []any{tenant}, func(scan func(...any) error) error {
		var c credential
		var ends, created int64
		err := scan(&c.ID, &c.Tenant, &c.Sealed, &c.Certificate, &ends, &created)
		c.EndsAt, c.CreatedAt = db.Time(ends), db.Time(created)
		all = append(all, c)
		return err
	})
	return all, err
}

func addCredential(tx *db.Tx, c credential) error {
	_, err := tx.Exec("INSERT INTO microsoft365_credentials (id, tenant_id, sealed, certificate, ends_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
		c.ID, c.Tenant, c.Sealed, c.Certificate, db.Millis(c.EndsAt), tx.Now.UnixMilli())
	return err
}

// dropOlder deletes the tenant's proofs that were made before the one with the id: it works.
func dropOlder(tx *db.Tx, tenant, id string) error {
	_, err := tx.Exec(`DELETE FROM microsoft365_credentials WHERE tenant_id = $1 AND id <> $2
		AND created_at <= (SELECT created_at FROM microsoft365_credentials WHERE id = $2)`, tenant, id)
	return err
}

const domainColumns = "name, tenant_id, issuer, protocol, configuration, current_cert, next_cert, read_at, created_at"

func domains(tx *db.Tx, query string, args ...any) (all []Domain, err error) {
	err = tx.Each("SELECT "+domainColumns+" FROM microsoft365_domains "+query, args, func(scan func(...any) error) error {
		var d Domain
		var protocol string
		var read, created int64
		err := scan(&d.Name, &d.Tenant, &d.Issuer, &protocol, &d.Configuration, &d.Current, &d.Next, &read, &created)
		d.Protocol, d.ReadAt, d.CreatedAt = Protocol(protocol), db.Time(read), db.Time(created)
		all = append(all, d)
		return err
	})
	return all, err
}

// DomainsOf are the domains of a tenant, the first one first.
func DomainsOf(tx *db.Tx, tenant string) ([]Domain, error) {
	return domains(tx, "WHERE tenant_id = $1 ORDER BY created_at, name", tenant)
}

// Domains are the domains of all tenants, by name.
func Domains(tx *db.Tx) ([]Domain, error) { return domains(tx, "ORDER BY name") }

// saveDomain stores a domain, or its new protocol. Its issuer stays what it was. A domain is of one tenant only.
func saveDomain(tx *db.Tx, d Domain) error {
	changed, err := tx.Exec(`INSERT INTO microsoft365_domains (`+domainColumns+`) VALUES ($1, $2, $3, $4, '', '', '', 0, $5)
		ON CONFLICT (name) DO UPDATE SET protocol = $4 WHERE microsoft365_domains.tenant_id = $2`,
		d.Name, d.Tenant, d.Issuer, string(d.Protocol), tx.Now.UnixMilli())
	if err == nil && changed == 0 {
		err = fmt.Errorf("%s belongs to another tenant that is connected", d.Name)
	}
	return err
}

// dropDomain forgets a domain, unless its people sign in here.
func dropDomain(tx *db.Tx, tenant, name string) error {
	changed, err := tx.Exec("DELETE FROM microsoft365_domains WHERE name = $1 AND tenant_id = $2 AND configuration = ''", name, tenant)
	if err == nil && changed == 0 {
		err = fmt.Errorf("%s is not connected, or is federated: roll it back first", name)
	}
	return err
}

// setFederation keeps what was read of a domain at Microsoft.
func setFederation(tx *db.Tx, d Domain) error {
	_, err := tx.Exec("UPDATE microsoft365_domains SET configuration = $2, current_cert = $3, next_cert = $4, read_at = $5 WHERE name = $1",
		d.Name, d.Configuration, d.Current, d.Next, tx.Now.UnixMilli())
	return err
}

const accountColumns = "tenant_id, user_id, object_id, upn, immutable_id, matched_by, matched_at, disabled_at"

func accounts(tx *db.Tx, query string, args ...any) (all []Account, err error) {
	err = tx.Each("SELECT "+accountColumns+" FROM microsoft365_accounts "+query, args, func(scan func(...any) error) error {
		var a Account
		var by string
		var matched, disabled int64
		err := scan(&a.Tenant, &a.User, &a.Object, &a.UPN, &a.ImmutableID, &by, &matched, &disabled)
		a.By, a.MatchedAt, a.DisabledAt = Evidence(by), db.Time(matched), db.Time(disabled)
		all = append(all, a)
		return err
	})
	return all, err
}

func accountsIn(tx *db.Tx, tenant string) ([]Account, error) {
	return accounts(tx, "WHERE tenant_id = $1", tenant)
}

func accountsOf(tx *db.Tx, user string) ([]Account, error) {
	return accounts(tx, "WHERE user_id = $1 ORDER BY matched_at, tenant_id", user)
}

func accountIn(tx *db.Tx, tenant, user string) (Account, bool, error) {
	all, err := accounts(tx, "WHERE tenant_id = $1 AND user_id = $2", tenant, user)
	if err != nil || len(all) == 0 {
		return Account{}, false, err
	}
	return all[0], true, nil
}

// saveAccount stores which account is whose. Its error is that the account is somebody else's already.
func saveAccount(tx *db.Tx, a Account) error {
	var other string
	taken, err := tx.Found(`SELECT user_id FROM microsoft365_accounts WHERE tenant_id = $1 AND user_id <> $2
		AND (object_id = $3 AND object_id <> '' OR immutable_id = $4 AND immutable_id <> '')`, []any{a.Tenant, a.User, a.Object, a.ImmutableID}, &other)
	if err == nil && taken {
		err = fmt.Errorf("the account %s at Microsoft is somebody else's here", a.UPN)
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO microsoft365_accounts (`+accountColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (tenant_id, user_id) DO UPDATE SET object_id = $3, upn = $4, immutable_id = $5, matched_by = $6, matched_at = $7, disabled_at = $8`,
		a.Tenant, a.User, a.Object, a.UPN, a.ImmutableID, string(a.By), tx.Now.UnixMilli(), db.Millis(a.DisabledAt))
	return err
}
