// Working out a plan for a tenant.
package microsoft365

import (
	"context"
	"fmt"
	"strings"

	"woggle/internal/app/microsoft365/graph"
)

// Look reads a tenant and finds out which account is whose. Confirmed are the ids of users whose account was found by e-mail.
func (m *Manager) Look(ctx context.Context, c Connected, confirmed []string) (Matching, *graph.Client, error) {
	client, _, err := m.client(ctx, c.Tenant)
	if err != nil {
		return Matching{}, nil, err
	}
	found, err := graph.List[Person](ctx, client, "/v1.0/users?$top=999&$select="+selection, false)
	if err != nil {
		return Matching{}, nil, err
	}
	members, err := m.members(ctx, c.Tenant.ID)
	if err != nil {
		return Matching{}, nil, err
	}
	return Match(c.Domains, members, found, confirmed), client, nil
}

// Licence is a licence that the tenant has bought.
type Licence struct {
	ID   string `json:"skuId"`
	Name string `json:"skuPartNumber"`
	Used int    `json:"consumedUnits"`
	Paid struct {
		Enabled int `json:"enabled"`
	} `json:"prepaidUnits"`
}

// Plan works out what is to be done in a tenant. Licences are named as Microsoft names them, or by id.
func (m *Manager) Plan(ctx context.Context, c Connected, w Wishes) (Preview, error) {
	if err := w.check(); err != nil {
		return Preview{}, err
	}
	matching, client, err := m.Look(ctx, c, nil)
	if err != nil {
		return Preview{}, err
	}
	if w.Licences, err = licences(ctx, client, w.Licences); err != nil {
		return Preview{}, err
	}
	if c.Domains, err = m.refresh(ctx, client, c.Domains); err != nil {
		return Preview{}, err
	}
	return MakePlan(c.Domains, matching, w), nil
}

// refresh tells of each domain whether it is federated now. Whoever federated it, no immutable id can be given then.
func (m *Manager) refresh(ctx context.Context, client *graph.Client, domains []Domain) ([]Domain, error) {
	federated, err := m.federatedNow(ctx, client)
	if err != nil {
		return nil, err
	}
	now := make([]Domain, len(domains))
	for i, d := range domains {
		if d.Configuration = ""; federated[d.Name] {
			d.Configuration = "federated"
		}
		now[i] = d
	}
	return now, nil
}

// licences are the ids of licences by name or id.
func licences(ctx context.Context, client *graph.Client, named []string) (ids []string, err error) {
	if len(named) == 0 {
		return nil, nil
	}
	all, err := graph.List[Licence](ctx, client, "/v1.0/subscribedSkus", false)
	if err != nil {
		return nil, err
	}
	var have []string
	for _, l := range all {
		have = append(have, fmt.Sprintf("%s (%d of %d used)", l.Name, l.Used, l.Paid.Enabled))
	}
	for _, name := range named {
		found := ""
		for _, l := range all {
			if strings.EqualFold(l.Name, name) || strings.EqualFold(l.ID, name) {
				found = l.ID
			}
		}
		if found == "" {
			return nil, fmt.Errorf("the tenant has no licence %q; it has: %s", name, strings.Join(have, ", "))
		}
		ids = append(ids, found)
	}
	return ids, nil
}
