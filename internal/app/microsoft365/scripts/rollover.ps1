{{template "head" .}}
# Tells Microsoft which certificates Woggle signs with, now and next. Nobody notices. Run it again once the next one signs.
Connect-MgGraph -TenantId {{q .Tenant}} -Environment {{q .Environment}} -NoWelcome -Scopes 'Domain.ReadWrite.All'

$found = @(Get-MgDomainFederationConfiguration -DomainId $name)
if ($found.Count -ne 1 -or $found[0].IssuerUri -ne $issuer) { throw 'The domain is not federated with Woggle.' }
$certificates = @{
  signingCertificate = {{q .F.Certificate}}
  nextSigningCertificate = {{if .Next}}{{q .Next}}{{else}}$null{{end}}
  preferredAuthenticationProtocol = {{q .F.Protocol}}
  federatedIdpMfaBehavior = {{q .F.MFA}}
  promptLoginBehavior = {{q .F.Prompt}}
}
Update-MgDomainFederationConfiguration -DomainId $name -InternalDomainFederationId $found[0].Id -BodyParameter $certificates
Get-MgDomainFederationConfiguration -DomainId $name | Format-List 'Id', 'IssuerUri', 'SigningCertificate', 'NextSigningCertificate'
