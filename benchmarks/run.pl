#!/usr/bin/perl
# run.pl LOG PROGRAM [ARGUMENTS...]: runs a program and prints four numbers: its wall time, the user and system time of it
# and all processes it waited for, in milliseconds, and the highest resident size that one of them reached, in KiB.
# A shell's "time" does not know the last one, and perl is on every Debian.

use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

my %getrusage = (x86_64 => 98, aarch64 => 165);
my $number = $getrusage{(POSIX::uname())[4]} // die "unknown processor\n";
my ($log, @line) = @ARGV;

my $start = clock_gettime(CLOCK_MONOTONIC);
my $child = fork() // die "fork: $!\n";
if (!$child) {
    open(STDIN, '<', '/dev/null');
    open(STDOUT, '>', $log) or die "$log: $!\n";
    open(STDERR, '>&', \*STDOUT);
    exec { $line[0] } @line or POSIX::_exit(127);
}
waitpid($child, 0);
my $status = $?;
my $wall = clock_gettime(CLOCK_MONOTONIC) - $start;

# struct rusage of RUSAGE_CHILDREN: two times of seconds and microseconds, then the size.
my $usage = "\0" x 144;
syscall($number, -1, $usage) == 0 or die "getrusage: $!\n";
my ($user, $user_part, $system, $system_part, $size) = unpack('q5', $usage);
printf("%.3f %.3f %.3f %d\n", $wall * 1000, $user * 1000 + $user_part / 1000, $system * 1000 + $system_part / 1000, $size);
exit($status == 0 ? 0 : 1);
