# Registers the method for people, who would otherwise have to do it under Security info, and writes who they are to people.csv.
# Run it as an Authentication Administrator, as often as you like: who has the method already is left as they are.
$ErrorActionPreference = 'Stop'
Connect-MgGraph -Environment {{q .Cloud.Shell}} -TenantId {{q .Tenant}} -Scopes 'UserAuthenticationMethod.ReadWrite.All', 'User.Read.All', 'GroupMember.Read.All', 'Policy.Read.All' -NoWelcome

$next = '/beta/policies/authenticationMethodsPolicy'
$policy = Invoke-MgGraphRequest -Method GET -Uri $next
$method = $policy.authenticationMethodConfigurations | Where-Object { $_.appId -eq {{q .ClientID}} }
if (-not $method) { throw 'The method is not there yet: run the script "add" first.' }

# Guests are not asked: Woggle knows members only.
{{if .Group}}$next = {{q (print "/v1.0/groups/" .Group "/transitiveMembers/microsoft.graph.user?$select=id,userPrincipalName,userType,accountEnabled&$top=999")}}{{else}}$next = '/v1.0/users?$select=id,userPrincipalName,userType,accountEnabled&$top=999'{{end}}
$people = while ($next) {
  $page = Invoke-MgGraphRequest -Method GET -Uri $next
  $page.value | Where-Object { $_.userType -ne 'Guest' -and $_.accountEnabled }
  $next = $page.'@odata.nextLink'
}
foreach ($person in $people) {
  $registration = @{ configurationId = $method.id; displayName = $method.displayName }
  try {
    $null = Invoke-MgGraphRequest -Method POST -Uri ('/beta/users/' + $person.id + '/authentication/externalAuthenticationMethods') -Body ($registration | ConvertTo-Json) -ContentType 'application/json'
    Write-Output ($person.userPrincipalName + ': registered')
  } catch {
    $status = [int]$_.Exception.Response.StatusCode
    if ($status -eq 409 -or $status -eq 400) { Write-Output ($person.userPrincipalName + ': has it already, or cannot have it (' + $status + ')') } else { throw }
  }
}
$people | ForEach-Object { [pscustomobject]@{ name = $_.userPrincipalName; object = $_.id } } | Export-Csv -Path people.csv -NoTypeInformation -Encoding utf8
Write-Output 'people.csv has the names and ids. Where people are not found by their names:  woggle external-mfa link --file people.csv'
