# Adds Woggle to the methods of the tenant. Run it once, as an Authentication Policy Administrator.
$ErrorActionPreference = 'Stop'
Connect-MgGraph -Environment {{q .Cloud.Shell}} -TenantId {{q .Tenant}} -Scopes 'Policy.ReadWrite.AuthenticationMethod' -NoWelcome

# displayName is what people read when they choose a method. It can never be changed.
$method = @{
  '@odata.type'        = '#microsoft.graph.externalAuthenticationMethodConfiguration'
  displayName          = {{q .Name}}
  state                = 'enabled'
  appId                = {{q .ClientID}}
  openIdConnectSetting = @{ clientId = {{q .ClientID}}; discoveryUrl = {{q .Discovery}} }
  includeTargets       = @(@{ targetType = 'group'; id = {{q .Target}} })
}
$added = Invoke-MgGraphRequest -Method POST -Uri '/beta/policies/authenticationMethodsPolicy/authenticationMethodConfigurations' -Body ($method | ConvertTo-Json -Depth 6) -ContentType 'application/json'
Write-Output ('The method was added: ' + $added.id)
Write-Output 'Next: a Conditional Access policy with the grant "Require multifactor authentication" (not an authentication strength), first for a test group.'
