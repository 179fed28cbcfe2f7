# shellcheck shell=bash
#
# A CA of the test engines, a server and a client certificate from it, and the key of the token server.

make_certificates() {
    local key
    key=$(declare -f make_certificates issue_certificate; echo "$BUILDXPS_ADDRESS_REGISTRY_TLS")
    if [[ -f $CERTIFICATES/key && $(<"$CERTIFICATES/key") == "$key" ]]; then
        return
    fi
    rm -rf "$CERTIFICATES"
    mkdir -p "$CERTIFICATES"
    chmod 700 "$CERTIFICATES"
    openssl ecparam -name prime256v1 -genkey -noout -out "$CERTIFICATES/ca.key"
    openssl req -x509 -new -key "$CERTIFICATES/ca.key" -subj /CN=buildxps-test-ca -days 3650 -out "$CERTIFICATES/ca.pem" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
    issue_certificate server
    issue_certificate client
    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=buildxps-test-tokens -days 3650 \
        -keyout "$CERTIFICATES/token.key" -out "$CERTIFICATES/token.pem"
    printf '%s\n' "$key" >"$CERTIFICATES/key"
}

issue_certificate() {
    local file=$CERTIFICATES/$1
    openssl ecparam -name prime256v1 -genkey -noout -out "$file.key"
    openssl req -new -key "$file.key" -subj "/CN=buildxps-test-$1" -out "$file.csr"
    printf '%s\n' "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1,IP:$BUILDXPS_ADDRESS_REGISTRY_TLS" \
        extendedKeyUsage=serverAuth,clientAuth basicConstraints=CA:FALSE >"$file.extensions"
    openssl x509 -req -in "$file.csr" -CA "$CERTIFICATES/ca.pem" -CAkey "$CERTIFICATES/ca.key" -CAcreateserial \
        -days 3650 -extfile "$file.extensions" -out "$file.pem"
    rm "$file.csr" "$file.extensions"
}
