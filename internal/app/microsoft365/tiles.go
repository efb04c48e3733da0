// Tiles of Microsoft 365 on people's own page.
package microsoft365

import (
	"net/url"
	"strings"

	"woggle/internal/app"
	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/db"
)

// tile is an app of Microsoft's: DOMAIN in its address becomes the person's domain, so that Microsoft does not ask for their
// address first; NAME becomes the tenant's short name.
type tile struct {
	id, name, to string
}

// tiles are the apps of each cloud that has such addresses.
var tiles = map[graph.Cloud][]tile{
	graph.Global: {
		{"outlook", "Outlook", "https://outlook.office.com/mail/?realm=DOMAIN"},
		{"teams", "Teams", "https://teams.microsoft.com/?domain_hint=DOMAIN"},
		{"sharepoint", "SharePoint", "https://NAME.sharepoint.com/_layouts/15/sharepoint.aspx?whr=DOMAIN"},
		{"onedrive", "OneDrive", "https://NAME-my.sharepoint.com/?whr=DOMAIN"},
		{"word", "Word", "https://word.cloud.microsoft/?auth=2&domain_hint=DOMAIN"},
		{"excel", "Excel", "https://excel.cloud.microsoft/?auth=2&domain_hint=DOMAIN"},
		{"powerpoint", "PowerPoint", "https://powerpoint.cloud.microsoft/?auth=2&domain_hint=DOMAIN"},
		{"planner", "Planner", "https://planner.cloud.microsoft/?domain_hint=DOMAIN"},
		{"forms", "Forms", "https://forms.office.com/?auth_pvr=OrgId&domain_hint=DOMAIN"},
		{"microsoft365", "Microsoft 365", "https://portal.office.com/?domain_hint=DOMAIN"},
	},
	graph.US: {
		{"outlook", "Outlook", "https://outlook.office365.us/mail/?realm=DOMAIN"},
		{"teams", "Teams", "https://gov.teams.microsoft.us/?domain_hint=DOMAIN"},
		{"sharepoint", "SharePoint", "https://NAME.sharepoint.us/?whr=DOMAIN"},
		{"onedrive", "OneDrive", "https://NAME-my.sharepoint.us/?whr=DOMAIN"},
		{"microsoft365", "Microsoft 365", "https://portal.office365.us/?domain_hint=DOMAIN"},
	},
	graph.China: {
		{"outlook", "Outlook", "https://partner.outlook.cn/mail/?realm=DOMAIN"},
		{"sharepoint", "SharePoint", "https://NAME.sharepoint.cn/?whr=DOMAIN"},
		{"onedrive", "OneDrive", "https://NAME-my.sharepoint.cn/?whr=DOMAIN"},
		{"microsoft365", "Microsoft 365", "https://portal.partner.microsoftonline.cn/?domain_hint=DOMAIN"},
	},
}

// Tiles are Microsoft's apps for a user whose account is known; nobody else gets any.
func Tiles(tx *db.Tx, user string) (all []app.Tile, err error) {
	account, found, err := Identity(tx, user, "")
	if err != nil || !found {
		return nil, err
	}
	connected, err := Tenants(tx)
	if err != nil {
		return nil, err
	}
	for _, t := range connected {
		if t.ID == account.Tenant {
			return tilesOf(t, account.UPN), nil
		}
	}
	return nil, nil
}

func tilesOf(t Tenant, upn string) (all []app.Tile) {
	_, domain, _ := strings.Cut(upn, "@")
	name, _, _ := strings.Cut(t.Initial, ".")
	for _, one := range tiles[t.Cloud] {
		if strings.Contains(one.to, "NAME") && name == "" {
			continue // it is not known where their files are
		}
		to := strings.NewReplacer("DOMAIN", url.QueryEscape(domain), "NAME", name).Replace(one.to)
		all = append(all, app.Tile{ID: "microsoft365-" + one.id, Name: one.name, To: to})
	}
	return all
}
