# A login to remove.
$user = $setup.users.https
$login = [pscredential]::new($user.name, (ConvertTo-SecureString $user.password -AsPlainText -Force))
$null = Connect-BuildxRegistry $setup.registries.https $login -UseFile -RegistryCa ca.pem -WarningAction Ignore
