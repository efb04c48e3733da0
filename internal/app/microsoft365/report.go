// Who still depends on Microsoft's own texts and calls, which end on 1 February 2027.
package microsoft365

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/db"
	"woggle/internal/directory"
)

// PhonesEnd is when Microsoft sends its last text and makes its last call, in all public clouds.
var PhonesEnd = time.Date(2027, time.February, 1, 0, 0, 0, 0, time.UTC)

// Standing is what the date means for somebody who signs in at Microsoft.
type Standing string

// The standings, the worst first.
const (
	OnlyPhone Standing = "only-phone" // after the date a page stops them until they set up a passkey
	NoMethod  Standing = "none"       // has no second step there
	Safe      Standing = "safe"       // has something that stays
	Ours      Standing = "here"       // signs in here: Microsoft's methods do not matter
)

var standings = []Standing{OnlyPhone, NoMethod, Safe, Ours}

// Row is one person of the report.
type Row struct {
	UPN      string   `json:"account"`
	Name     string   `json:"name"`
	Groups   []string `json:"groups"` // here; empty: in none, or nobody's account here
	Standing Standing `json:"standing"`
	Methods  []string `json:"methods"` // as Microsoft names them
}

// phones are Microsoft's names for methods that end, and others for those that are no second step. Names of the report come first, those of the list
// of one person after them.
var (
	phones = []string{"mobilePhone", "alternateMobilePhone", "officePhone", "sms", "voice", "phoneAuthenticationMethod"}
	others = []string{"email", "securityQuestion", "password", "appPassword", "temporaryAccessPass", "emailAuthenticationMethod", "passwordAuthenticationMethod",
		"temporaryAccessPassAuthenticationMethod"}
)

// standingOf judges somebody's methods at Microsoft.
func standingOf(methods []string) Standing {
	standing := NoMethod
	for _, method := range methods {
		switch {
		case slices.Contains(others, method):
		case slices.Contains(phones, method):
			standing = OnlyPhone
		default:
			return Safe
		}
	}
	return standing
}

// Report reads the methods of all enabled people of the tenant. With Entra ID P1 that is a few requests, without it one for each person.
func (m *Manager) Report(ctx context.Context, c Connected) (rows []Row, err error) {
	client, _, err := m.client(ctx, c.Tenant)
	if err != nil {
		return nil, err
	}
	everybody, err := graph.List[Person](ctx, client, "/v1.0/users?$top=999&$select="+selection, false)
	if err != nil {
		return nil, err
	}
	everybody = slices.DeleteFunc(everybody, func(p Person) bool { return !p.Enabled || p.guest() })
	methods, err := registered(ctx, client, everybody)
	if err != nil {
		return nil, err
	}
	federated, err := m.federatedNow(ctx, client)
	if err != nil {
		return nil, err
	}
	groups, err := m.groups(ctx, c.Tenant.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range everybody {
		row := Row{UPN: graph.Plain(p.UPN, 120), Name: graph.Plain(p.DisplayName, 120), Groups: groups[p.ID], Methods: methods[p.ID], Standing: standingOf(methods[p.ID])}
		if _, domain, _ := strings.Cut(strings.ToLower(p.UPN), "@"); federated[domain] {
			row.Standing = Ours
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(slices.Index(standings, a.Standing)-slices.Index(standings, b.Standing), cmp.Compare(strings.Join(a.Groups, ","), strings.Join(b.Groups, ",")), cmp.Compare(a.UPN, b.UPN))
	})
	return rows, nil
}

// registered are the methods of the people, by their ids.
func registered(ctx context.Context, client *graph.Client, everybody []Person) (map[string][]string, error) {
	type details struct {
		ID      string   `json:"id"`
		Methods []string `json:"methodsRegistered"`
	}
	methods := map[string][]string{}
	all, err := graph.List[details](ctx, client, "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=999", false)
	for _, d := range all {
		methods[d.ID] = d.Methods
	}
	var refused *graph.Error
	if !errors.As(err, &refused) || refused.Code != "Authentication_RequestFromNonPremiumTenantOrB2CTenant" {
		return methods, err
	}
	for some := range slices.Chunk(everybody, graph.BatchMost) {
		var requests []graph.Request
		for _, p := range some {
			requests = append(requests, graph.Request{Method: http.MethodGet, Path: userPath(p.ID) + "/authentication/methods"})
		}
		results, err := client.Batch(ctx, requests)
		if err != nil {
			return nil, err
		}
		for i, result := range results {
			var found struct {
				Value []struct {
					Type string `json:"@odata.type"`
				}
			}
			if err := result.Read(&found); err != nil {
				return nil, err
			}
			for _, one := range found.Value {
				methods[some[i].ID] = append(methods[some[i].ID], strings.TrimPrefix(one.Type, "#microsoft.graph."))
			}
		}
	}
	return methods, nil
}

// federatedNow are the domains of the tenant at which Microsoft does not ask.
func (m *Manager) federatedNow(ctx context.Context, client *graph.Client) (map[string]bool, error) {
	all, err := graph.List[Place](ctx, client, "/v1.0/domains", false)
	federated := map[string]bool{}
	for _, place := range all {
		federated[strings.ToLower(place.Name)] = strings.EqualFold(place.Kind, "Federated")
	}
	return federated, err
}

// groups are the names of the groups here, by the ids of the accounts of who is in them.
func (m *Manager) groups(ctx context.Context, tenant string) (map[string][]string, error) {
	var names map[string][]string
	err := m.DB.View(ctx, func(tx *db.Tx) error {
		names = map[string][]string{}
		all, err := accountsIn(tx, tenant)
		if err != nil {
			return err
		}
		for _, a := range all {
			groups, err := directory.GroupsOf(tx, a.User)
			if err != nil {
				return err
			}
			for _, g := range groups {
				names[a.Object] = append(names[a.Object], g.Name)
			}
		}
		return nil
	})
	return names, err
}

// Count is how many people of a group have each standing.
type Count struct {
	Group     string           `json:"group"` // empty: in none
	Standings map[Standing]int `json:"standings"`
}

// ByGroup counts the rows. Who is in several groups is counted in each.
func ByGroup(rows []Row) (counts []Count) {
	add := func(group string, s Standing) {
		i := slices.IndexFunc(counts, func(c Count) bool { return c.Group == group })
		if i < 0 {
			counts, i = append(counts, Count{group, map[Standing]int{}}), len(counts)
		}
		counts[i].Standings[s]++
	}
	for _, row := range rows {
		for _, group := range row.Groups {
			add(group, row.Standing)
		}
		if len(row.Groups) == 0 {
			add("", row.Standing)
		}
	}
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(b.Standings[OnlyPhone]-a.Standings[OnlyPhone], cmp.Compare(a.Group, b.Group))
	})
	return counts
}

// WriteCSV writes the rows for a spreadsheet.
func WriteCSV(w io.Writer, rows []Row) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"standing", "account", "name", "groups", "methods"}); err != nil {
		return err
	}
	for _, r := range rows {
		cells := []string{string(r.Standing), r.UPN, r.Name, strings.Join(r.Groups, "; "), strings.Join(r.Methods, "; ")}
		for i := range cells {
			cells[i] = harmless(cells[i])
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// harmless keeps a spreadsheet from taking a cell for a formula: whoever may choose a name could have it send the table away
// (threat T85).
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
