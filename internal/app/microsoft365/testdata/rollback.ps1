param([switch] $Passwords)
# Tenant 0f0f0f0f-1111-4222-8333-444444444444, domain northwold.example. Written by Woggle on 2026-12-01 09:30 UTC.
# There is no secret in this file. It needs PowerShell 7 and, once:
#   Install-Module Microsoft.Graph.Authentication, Microsoft.Graph.Identity.DirectoryManagement, Microsoft.Graph.Identity.SignIns, Microsoft.Graph.Users
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
$name = 'northwold.example'
$issuer = 'https://signin.northwold.example/microsoft365/northwold.example'

# Gives the domain back to Microsoft: people sign in there again, with the password that they have there. It takes minutes,
# at times two hours. Keep this file, and sign in with an administrator of the onmicrosoft.com domain.
#
#   pwsh ./rollback.ps1              gives the domain back
#   pwsh ./rollback.ps1 -Passwords   and sets a new password for everybody of the domain, into passwords.csv,
#                                    because who was made while the domain was federated has none that they know
$scopes = @('Domain.ReadWrite.All')
if ($Passwords) { $scopes += 'User.ReadWrite.All', 'Directory.AccessAsUser.All' }
Connect-MgGraph -TenantId '0f0f0f0f-1111-4222-8333-444444444444' -Environment 'Global' -NoWelcome -Scopes $scopes

foreach ($one in @(Get-MgDomainFederationConfiguration -DomainId $name -ErrorAction SilentlyContinue)) {
  if ($one.IssuerUri -ne $issuer) { throw 'The domain is federated with another sign-in, which this script does not touch.' }
  Remove-MgDomainFederationConfiguration -DomainId $name -InternalDomainFederationId $one.Id
}
if ((Get-MgDomain -DomainId $name).AuthenticationType -ne 'Managed') {
  Update-MgDomain -DomainId $name -BodyParameter @{ AuthenticationType = 'Managed' }
}
Get-MgDomain -DomainId $name | Format-List 'Id', 'AuthenticationType'

if ($Passwords) {
  $file = Join-Path (Get-Location) 'passwords.csv'
  Get-MgUser -All -Property 'Id', 'UserPrincipalName', 'AccountEnabled', 'OnPremisesSyncEnabled' | Where-Object {
    $_.AccountEnabled -and -not $_.OnPremisesSyncEnabled -and $_.UserPrincipalName.ToLowerInvariant().EndsWith('@' + $name)
  } | ForEach-Object {
    $password = 'Wg-' + [Convert]::ToBase64String([Security.Cryptography.RandomNumberGenerator]::GetBytes(12)).Replace('+', 'x').Replace('/', 'y')
    Update-MgUser -UserId $_.Id -PasswordProfile @{ Password = $password; ForceChangePasswordNextSignIn = $true }
    [pscustomobject]@{ UserPrincipalName = $_.UserPrincipalName; Password = $password }
  } | Export-Csv -Path $file -NoTypeInformation
  Write-Warning ('The new passwords are in ' + $file + '. Hand them out one by one, then delete the file.')
}
