#!/usr/bin/perl
#
# token-server.pl PORT KEY CERTIFICATE: gives a registry's tokens (Docker's token protocol), with perl-base and openssl.
# The user gets what it asks for, others may only pull. POST answers 405, after which clients fall back to GET.

use strict;
use warnings;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64 decode_base64);

my ($port, $key, $certificate_file) = @ARGV;
my $issuer = 'buildxps-test-tokens';
my $user = 'user';
my $credentials = 'user:pass';
my $lifetime = 300;

$SIG{PIPE} = 'IGNORE';

sub base64url {
    my $text = encode_base64($_[0], '');
    $text =~ tr{+/}{-_};
    $text =~ s/=+$//;
    return $text;
}

sub read_certificate {
    open my $file, '<', $certificate_file or die "$certificate_file: $!";
    my $text = join '', grep { !/-----/ } <$file>;
    $text =~ s/\s//g;
    return $text;
}

sub sign {
    my ($text) = @_;
    # Only base64url and a dot: nothing for the shell to trip over.
    die "unexpected text to sign" if $text !~ /^[A-Za-z0-9_.-]+$/;
    return scalar `printf %s '$text' | openssl dgst -sha256 -sign '$key' -binary`;
}

# Turns "repository:name:pull,push" into a JSON access entry.
sub access_entry {
    my ($scope, $who) = @_;
    my ($type, $name, $actions) = $scope =~ m{^([a-z]+):([A-Za-z0-9._/:-]+):([a-z*,]*)$} or return;
    my @granted = grep { $who || $_ eq 'pull' } split /,/, $actions;
    return sprintf '{"type":"%s","name":"%s","actions":[%s]}', $type, $name, join ',', map { qq("$_") } @granted;
}

sub make_token {
    my ($certificate, $who, $query) = @_;
    my ($service, @access) = ('');
    for my $pair (split /&/, $query) {
        my ($name, $value) = split /=/, $pair, 2;
        next unless defined $value;
        $value =~ tr/+/ /;
        $value =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
        $service = $value if $name eq 'service' && $value =~ /^[A-Za-z0-9._-]+$/;
        push @access, map { access_entry($_, $who) } split / /, $value if $name eq 'scope';
    }
    my $now = time;
    my $header = base64url(qq({"typ":"JWT","alg":"RS256","x5c":["$certificate"]}));
    my $claims = base64url(sprintf
        '{"iss":"%s","sub":"%s","aud":"%s","exp":%d,"nbf":%d,"iat":%d,"jti":"%d.%d","access":[%s]}',
        $issuer, $who, $service, $now + $lifetime, $now - 30, $now, $now, rand 1e9, join(',', @access));
    return "$header.$claims." . base64url(sign("$header.$claims"));
}

sub answer {
    my ($certificate, $method, $query, $authorization) = @_;
    return ('405 Method Not Allowed', '{}') if $method ne 'GET';
    my $who = '';
    if ($authorization =~ /^Basic (.*)/i) {
        return ('401 Unauthorized', '{"details":"incorrect username or password"}') if decode_base64($1) ne $credentials;
        $who = $user;
    }
    my $token = make_token($certificate, $who, $query);
    return ('200 OK', qq({"token":"$token","access_token":"$token","expires_in":$lifetime}));
}

sub serve {
    my ($certificate, $client) = @_;
    my $request = <$client>;
    return unless defined $request;
    my %headers;
    while (defined(my $line = <$client>)) {
        $line =~ s/\r?\n$//;
        last if $line eq '';
        $headers{lc $1} = $2 if $line =~ /^([^:]+):\s*(.*)/;
    }
    my ($method, $query) = $request =~ m{^(\S+) [^? ]*\??(\S*)} or return;
    my ($status, $body) = answer($certificate, $method, $query, $headers{authorization} // '');
    printf $client "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
        $status, length $body, $body;
}

my $certificate = read_certificate();
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 64, ReuseAddr => 1)
    or die "cannot listen on port $port: $!";
while (my $client = $listener->accept) {
    # One that sends nothing must not hold up the others.
    eval {
        local $SIG{ALRM} = sub { die "slow client\n" };
        alarm 10;
        serve($certificate, $client);
        alarm 0;
    };
    alarm 0;
    close $client;
}
