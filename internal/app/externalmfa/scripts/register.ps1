# Registers Woggle in the tenant and consents for everybody. Run it once, as a Privileged Role Administrator.
# It needs the module Microsoft.Graph:  Install-Module Microsoft.Graph -Scope CurrentUser
$ErrorActionPreference = 'Stop'
Connect-MgGraph -Environment {{q .Cloud.Shell}} -TenantId {{q .Tenant}} -Scopes 'Application.ReadWrite.All', 'DelegatedPermissionGrant.ReadWrite.All' -NoWelcome

# The reply URL is the address that people are sent to; without it Microsoft says AADSTS50161.
$registration = @{
  displayName            = {{q (print "Woggle, " .Organisation)}}
  signInAudience         = 'AzureADMyOrg'
  web                    = @{ redirectUris = @({{q .Authorize}}) }
  # The user principal name, by which a person is found the first time.
  optionalClaims         = @{ idToken = @(@{ name = 'upn' }) }
  # openid and profile of Microsoft Graph.
  requiredResourceAccess = @(@{
    resourceAppId  = '00000003-0000-0000-c000-000000000000'
    resourceAccess = @(
      @{ id = '37f7f235-527c-4136-accd-4a02d197296e'; type = 'Scope' },
      @{ id = '14dad69e-099b-42c9-810b-d002981feec1'; type = 'Scope' })
  })
}
$app = Invoke-MgGraphRequest -Method POST -Uri '/v1.0/applications' -Body ($registration | ConvertTo-Json -Depth 6) -ContentType 'application/json'

# A new registration takes a moment to be known everywhere.
for ($try = 1; ; $try++) {
  try { $principal = Invoke-MgGraphRequest -Method POST -Uri '/v1.0/servicePrincipals' -Body (@{ appId = $app.appId } | ConvertTo-Json) -ContentType 'application/json'; break }
  catch { if ($try -ge 10) { throw }; Start-Sleep -Seconds 5 }
}

# Consent for everybody; without it Microsoft says AADSTS900491.
$graph = Invoke-MgGraphRequest -Method GET -Uri "/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')"
$grant = @{ clientId = $principal.id; consentType = 'AllPrincipals'; resourceId = $graph.id; scope = 'openid profile' }
$null = Invoke-MgGraphRequest -Method POST -Uri '/v1.0/oauth2PermissionGrants' -Body ($grant | ConvertTo-Json) -ContentType 'application/json'

Write-Output 'Now type this on the computer that Woggle runs on:'
Write-Output ('  woggle external-mfa connect ' + {{q .Tenant}} + ' ' + $app.appId + {{q (print " --cloud " .Cloud.Name)}})
