# Takes Woggle out of the methods of the tenant. First give people another method, or take them out of the Conditional Access
# policy: who has nothing else cannot sign in.
$ErrorActionPreference = 'Stop'
Connect-MgGraph -Environment {{q .Cloud.Shell}} -TenantId {{q .Tenant}} -Scopes 'Policy.ReadWrite.AuthenticationMethod' -NoWelcome

$policy = Invoke-MgGraphRequest -Method GET -Uri '/beta/policies/authenticationMethodsPolicy'
$method = $policy.authenticationMethodConfigurations | Where-Object { $_.appId -eq {{q .ClientID}} }
if (-not $method) { Write-Output 'The method is not there.'; return }
Invoke-MgGraphRequest -Method DELETE -Uri ('/beta/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/' + $method.id)
Write-Output 'The method was removed. On the computer that Woggle runs on:'
Write-Output ('  woggle external-mfa remove ' + {{q .ClientID}})
