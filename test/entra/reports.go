// What can be read about a tenant's rules, administrators and methods.
package entra

import (
	"net/http"
	"slices"
	"strings"
)

// globalAdministrator is the template of the role, the same in every tenant.
const globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"

func (c *call) roleMembers() answer {
	if !c.needs("RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All") {
		return denied()
	}
	if c.path[0] != "directoryRoles(roleTemplateId='"+globalAdministrator+"')" || len(c.path) != 2 || c.path[1] != "members" || c.method != http.MethodGet {
		return missing(c.path[0])
	}
	rows := []any{}
	for _, u := range c.tenant.Users {
		if u.GlobalAdmin {
			row := c.selected(u)
			row["@odata.type"] = "#microsoft.graph.user"
			rows = append(rows, row)
		}
	}
	return c.page(rows, 999)
}

func (c *call) reports() answer {
	switch strings.Join(c.path, "/") {
	case "policies/identitySecurityDefaultsEnforcementPolicy":
		if !c.needs("Policy.Read.All") {
			return denied()
		}
		return ok(map[string]any{"id": "00000000-0000-0000-0000-000000000005", "isEnabled": c.tenant.SecurityDefaults})
	case "reports/authenticationMethods/userRegistrationDetails":
		if !c.needs("AuditLog.Read.All") {
			return denied()
		}
		if !c.tenant.Premium {
			return refuse(http.StatusForbidden, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is B2C or tenant doesn't have premium license")
		}
		rows := []any{}
		for _, u := range c.tenant.Users {
			rows = append(rows, map[string]any{"id": u.ID, "userPrincipalName": u.UPN, "userDisplayName": u.DisplayName,
				"isAdmin": u.GlobalAdmin, "isMfaRegistered": len(u.Methods) > 0, "methodsRegistered": append([]string{}, u.Methods...)})
		}
		return c.page(rows, 999)
	}
	return bad("Resource not found.")
}

// kinds are the methods as the report names them, and as the list of one person does.
var kinds = map[string]string{
	"mobilePhone": "phoneAuthenticationMethod", "alternateMobilePhone": "phoneAuthenticationMethod", "officePhone": "phoneAuthenticationMethod",
	"email": "emailAuthenticationMethod", "microsoftAuthenticatorPush": "microsoftAuthenticatorAuthenticationMethod",
	"softwareOneTimePasscode": "softwareOathAuthenticationMethod", "passKeyDeviceBound": "fido2AuthenticationMethod",
	"windowsHelloForBusiness": "windowsHelloForBusinessAuthenticationMethod",
}

// methods are those of one person, which every tenant may read.
func (c *call) methods(u *User) answer {
	if !c.needs("UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All") {
		return denied()
	}
	rows := []any{map[string]any{"@odata.type": "#microsoft.graph.passwordAuthenticationMethod", "id": "28c10230-6103-485e-b985-444c60001490"}}
	for _, name := range slices.Sorted(slices.Values(u.Methods)) {
		rows = append(rows, map[string]any{"@odata.type": "#microsoft.graph." + kinds[name], "id": name})
	}
	return ok(map[string]any{"value": rows})
}
