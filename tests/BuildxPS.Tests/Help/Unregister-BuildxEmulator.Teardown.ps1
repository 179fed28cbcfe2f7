# The machine's emulators as they were.
Restore-Emulator $registered
$env:PATH = $pathBefore
