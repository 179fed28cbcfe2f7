# The builder that the examples list.
$null = New-BuildxBuilder -Name list1 -Use
