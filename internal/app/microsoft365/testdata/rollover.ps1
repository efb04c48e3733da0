# Tenant 0f0f0f0f-1111-4222-8333-444444444444, domain northwold.example. Written by Woggle on 2026-12-01 09:30 UTC.
# There is no secret in this file. It needs PowerShell 7 and, once:
#   Install-Module Microsoft.Graph.Authentication, Microsoft.Graph.Identity.DirectoryManagement, Microsoft.Graph.Identity.SignIns, Microsoft.Graph.Users
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
$name = 'northwold.example'
$issuer = 'https://signin.northwold.example/microsoft365/northwold.example'

# Tells Microsoft which certificates Woggle signs with, now and next. Nobody notices. Run it again once the next one signs.
Connect-MgGraph -TenantId '0f0f0f0f-1111-4222-8333-444444444444' -Environment 'Global' -NoWelcome -Scopes 'Domain.ReadWrite.All'

$found = @(Get-MgDomainFederationConfiguration -DomainId $name)
if ($found.Count -ne 1 -or $found[0].IssuerUri -ne $issuer) { throw 'The domain is not federated with Woggle.' }
$certificates = @{
  signingCertificate = 'dGhlIGN1cnJlbnQgY2VydGlmaWNhdGU='
  nextSigningCertificate = 'dGhlIG5leHQgY2VydGlmaWNhdGU='
  preferredAuthenticationProtocol = 'wsFed'
  federatedIdpMfaBehavior = 'enforceMfaByFederatedIdp'
  promptLoginBehavior = 'nativeSupport'
}
Update-MgDomainFederationConfiguration -DomainId $name -InternalDomainFederationId $found[0].Id -BodyParameter $certificates
Get-MgDomainFederationConfiguration -DomainId $name | Format-List 'Id', 'IssuerUri', 'SigningCertificate', 'NextSigningCertificate'
