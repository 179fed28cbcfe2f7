# The image that the first example left in the daemon.
$null = Invoke-DockerApi $env:DOCKER_HOST '/v1.41/images/app:1?force=true' DELETE
