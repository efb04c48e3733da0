{{template "head" .}}
# Sends the people of the domain to Woggle to sign in. Write the rollback script first, and keep it.
Connect-MgGraph -TenantId {{q .Tenant}} -Environment {{q .Environment}} -NoWelcome -Scopes 'Domain.ReadWrite.All', 'User.Read.All', 'RoleManagement.Read.Directory'

$domain = Get-MgDomain -DomainId $name
if (-not $domain.IsVerified) { throw 'The domain is not verified.' }
if ($domain.IsDefault) { throw 'This is the default domain: make the onmicrosoft.com domain the default one first.' }
if (-not $domain.IsRoot) { throw 'The domain is part of another one.' }
if ($domain.AuthenticationType -ne 'Managed') { throw 'The domain is federated already. Look with the check script.' }

$properties = 'Id', 'UserPrincipalName', 'AccountEnabled', 'OnPremisesImmutableId', 'OnPremisesSyncEnabled'
$role = Get-MgDirectoryRole -Filter "roleTemplateId eq '{{.Role}}'"
$safe = @(Get-MgDirectoryRoleMemberAsUser -DirectoryRoleId $role.Id -All -Property $properties |
  Where-Object { $_.AccountEnabled -and -not $_.OnPremisesSyncEnabled -and -not $_.OnPremisesImmutableId -and $_.UserPrincipalName -match '\.(onmicrosoft\.(com|us)|onmschina\.cn)$' })
if ($safe.Count -lt 2) { throw 'Fewer than two Global Administrators get in when Woggle does not.' }

$lost = @(Get-MgUser -All -Property $properties | Where-Object {
  $_.AccountEnabled -and -not $_.OnPremisesImmutableId -and $_.UserPrincipalName.ToLowerInvariant().EndsWith('@' + $name)
})
if ($lost.Count -gt 0) { $lost | Format-Table 'UserPrincipalName'; throw 'These people have no immutable id and could not sign in.' }

$federation = @{
  DisplayName = {{q .F.DisplayName}}
  IssuerUri = $issuer
  PassiveSignInUri = {{q .F.Passive}}
  SignOutUri = {{q .F.SignOut}}
  ActiveSignInUri = {{q .F.Active}}
  MetadataExchangeUri = {{q .F.Exchange}}
  SigningCertificate = {{q .F.Certificate}}
{{- if .Next}}
  NextSigningCertificate = {{q .Next}}
{{- end}}
  PreferredAuthenticationProtocol = {{q .F.Protocol}}
  FederatedIdpMfaBehavior = {{q .F.MFA}}
  PromptLoginBehavior = {{q .F.Prompt}}
}
New-MgDomainFederationConfiguration -DomainId $name @federation | Format-List 'Id', 'IssuerUri', 'PreferredAuthenticationProtocol', 'FederatedIdpMfaBehavior'
'Now try one person, in a private window: ' + {{q .Login}} + '/?whr=' + $name
