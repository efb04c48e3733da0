param([switch] $Passwords)
{{template "head" .}}
# Gives the domain back to Microsoft: people sign in there again, with the password that they have there. It takes minutes,
# at times two hours. Keep this file, and sign in with an administrator of the onmicrosoft.com domain.
#
#   pwsh ./rollback.ps1              gives the domain back
#   pwsh ./rollback.ps1 -Passwords   and sets a new password for everybody of the domain, into passwords.csv,
#                                    because who was made while the domain was federated has none that they know
$scopes = @('Domain.ReadWrite.All')
if ($Passwords) { $scopes += 'User.ReadWrite.All', 'Directory.AccessAsUser.All' }
Connect-MgGraph -TenantId {{q .Tenant}} -Environment {{q .Environment}} -NoWelcome -Scopes $scopes

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
