# A Dockerfile that breaks rules: the casing of AS, and an instruction that is no longer used.
$null = New-Item legacy -ItemType Directory -Force
Set-Content legacy/Dockerfile "FROM alpine as base`nMAINTAINER somebody"
