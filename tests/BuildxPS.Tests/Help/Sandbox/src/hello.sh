#!/bin/sh
echo "hello, version @VERSION@, built for @PLATFORM@"
