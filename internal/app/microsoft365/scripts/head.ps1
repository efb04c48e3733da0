{{define "head"}}# Tenant {{comment .Tenant}}, domain {{comment .Domain}}. Written by Woggle on {{comment .At}}.
# There is no secret in this file. It needs PowerShell 7 and, once:
#   Install-Module Microsoft.Graph.Authentication, Microsoft.Graph.Identity.DirectoryManagement, Microsoft.Graph.Identity.SignIns, Microsoft.Graph.Users
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
$name = {{q .Domain}}
$issuer = {{q .F.Issuer}}
{{end}}
