{{template "head" .}}
# Looks, and changes nothing.
Connect-MgGraph -TenantId {{q .Tenant}} -Environment {{q .Environment}} -NoWelcome -Scopes 'Domain.Read.All', 'User.Read.All', 'RoleManagement.Read.Directory', 'Policy.Read.All'

$domain = Get-MgDomain -DomainId $name
$domain | Format-List 'Id', 'IsVerified', 'IsDefault', 'IsInitial', 'IsRoot', 'AuthenticationType'
if (-not $domain.IsVerified) { Write-Warning 'The domain is not verified.' }
if ($domain.IsDefault) { Write-Warning 'This is the default domain: make the onmicrosoft.com domain the default one first.' }
if (-not $domain.IsRoot) { Write-Warning 'The domain is part of another one, and goes the way of that one.' }

'Federation:'
$found = @(Get-MgDomainFederationConfiguration -DomainId $name -ErrorAction SilentlyContinue)
$found | Format-List 'Id', 'DisplayName', 'IssuerUri', 'PassiveSignInUri', 'SignOutUri', 'PreferredAuthenticationProtocol', 'FederatedIdpMfaBehavior', 'PromptLoginBehavior', 'SigningCertificate', 'NextSigningCertificate'
if ($found.Count -eq 0) { 'none' }
foreach ($one in $found) {
  if ($one.IssuerUri -ne $issuer) { Write-Warning 'The domain is federated with another sign-in.' }
  elseif ($one.SigningCertificate -ne {{q .Current}} -and $one.NextSigningCertificate -ne {{q .Current}}) { Write-Warning 'Microsoft does not know the certificate that Woggle signs with: nobody can sign in.' }
}

'Global Administrators who get in when Woggle does not (there have to be two):'
$properties = 'Id', 'UserPrincipalName', 'AccountEnabled', 'OnPremisesImmutableId', 'OnPremisesSyncEnabled'
$role = Get-MgDirectoryRole -Filter "roleTemplateId eq '{{.Role}}'"
$safe = @(Get-MgDirectoryRoleMemberAsUser -DirectoryRoleId $role.Id -All -Property $properties |
  Where-Object { $_.AccountEnabled -and -not $_.OnPremisesSyncEnabled -and -not $_.OnPremisesImmutableId -and $_.UserPrincipalName -match '\.(onmicrosoft\.(com|us)|onmschina\.cn)$' })
$safe | Format-Table 'UserPrincipalName'
if ($safe.Count -lt 2) { Write-Warning 'Fewer than two. Do not go on.' }

'People of the domain who have no immutable id (they could not sign in):'
Get-MgUser -All -Property $properties | Where-Object {
  $_.AccountEnabled -and -not $_.OnPremisesImmutableId -and $_.UserPrincipalName.ToLowerInvariant().EndsWith('@' + $name)
} | Format-Table 'UserPrincipalName'

'Security defaults are on: ' + (Get-MgPolicyIdentitySecurityDefaultEnforcementPolicy).IsEnabled

'What Microsoft tells browsers about the domain (it may lag behind by two hours):'
Invoke-RestMethod ({{q .Login}} + '/common/userrealm/?api-version=2.1&user=' + [uri]::EscapeDataString('nobody@' + $name)) |
  Format-List 'NameSpaceType', 'federation_protocol', 'AuthURL', 'FederationBrandName'
