# Tenant 0f0f0f0f-1111-4222-8333-444444444444, domain northwold.example. Written by Woggle on 2026-12-01 09:30 UTC.
# There is no secret in this file. It needs PowerShell 7 and, once:
#   Install-Module Microsoft.Graph.Authentication, Microsoft.Graph.Identity.DirectoryManagement, Microsoft.Graph.Identity.SignIns, Microsoft.Graph.Users
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
$name = 'northwold.example'
$issuer = 'https://signin.northwold.example/microsoft365/northwold.example'

# Sends the people of the domain to Woggle to sign in. Write the rollback script first, and keep it.
Connect-MgGraph -TenantId '0f0f0f0f-1111-4222-8333-444444444444' -Environment 'Global' -NoWelcome -Scopes 'Domain.ReadWrite.All', 'User.Read.All', 'RoleManagement.Read.Directory'

$domain = Get-MgDomain -DomainId $name
if (-not $domain.IsVerified) { throw 'The domain is not verified.' }
if ($domain.IsDefault) { throw 'This is the default domain: make the onmicrosoft.com domain the default one first.' }
if (-not $domain.IsRoot) { throw 'The domain is part of another one.' }
if ($domain.AuthenticationType -ne 'Managed') { throw 'The domain is federated already. Look with the check script.' }

$properties = 'Id', 'UserPrincipalName', 'AccountEnabled', 'OnPremisesImmutableId', 'OnPremisesSyncEnabled'
$role = Get-MgDirectoryRole -Filter "roleTemplateId eq '62e90394-69f5-4237-9190-012177145e10'"
$safe = @(Get-MgDirectoryRoleMemberAsUser -DirectoryRoleId $role.Id -All -Property $properties |
  Where-Object { $_.AccountEnabled -and -not $_.OnPremisesSyncEnabled -and -not $_.OnPremisesImmutableId -and $_.UserPrincipalName -match '\.(onmicrosoft\.(com|us)|onmschina\.cn)$' })
if ($safe.Count -lt 2) { throw 'Fewer than two Global Administrators get in when Woggle does not.' }

$lost = @(Get-MgUser -All -Property $properties | Where-Object {
  $_.AccountEnabled -and -not $_.OnPremisesImmutableId -and $_.UserPrincipalName.ToLowerInvariant().EndsWith('@' + $name)
})
if ($lost.Count -gt 0) { $lost | Format-Table 'UserPrincipalName'; throw 'These people have no immutable id and could not sign in.' }

$federation = @{
  DisplayName = 'Northwold Scouts'
  IssuerUri = $issuer
  PassiveSignInUri = 'https://signin.northwold.example/wsfed'
  SignOutUri = 'https://signin.northwold.example/wsfed'
  ActiveSignInUri = 'https://signin.northwold.example/wsfed/active'
  MetadataExchangeUri = 'https://signin.northwold.example/wsfed/mex'
  SigningCertificate = 'dGhlIGN1cnJlbnQgY2VydGlmaWNhdGU='
  NextSigningCertificate = 'dGhlIG5leHQgY2VydGlmaWNhdGU='
  PreferredAuthenticationProtocol = 'wsFed'
  FederatedIdpMfaBehavior = 'enforceMfaByFederatedIdp'
  PromptLoginBehavior = 'nativeSupport'
}
New-MgDomainFederationConfiguration -DomainId $name @federation | Format-List 'Id', 'IssuerUri', 'PreferredAuthenticationProtocol', 'FederatedIdpMfaBehavior'
'Now try one person, in a private window: ' + 'https://login.microsoftonline.com' + '/?whr=' + $name
