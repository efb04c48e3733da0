#!/bin/bash
# Installs the programs that the tests use and this machine lacks. As root it does so itself (Debian); for others it
# says what to type. It says nothing when all is there.
set -euo pipefail

missing=()
# need PACKAGE COMMAND…: the package is missing if the command fails.
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}
installed() { command -v "$1"; }
server() { compgen -G '/usr/lib/postgresql/*/bin/initdb' || installed initdb; }
mail_server() { python3 -c 'import aiosmtpd' || /usr/bin/python3 -c 'import aiosmtpd'; }

need git installed git
need gcc installed gcc # the race detector links with it
need libc6-dev test -e /usr/include/stdlib.h
need npm installed npm
need postgresql server
need chromium installed chromium
need apache2 test -x /usr/sbin/apache2
need libapache2-mod-shib test -e /usr/lib/apache2/modules/mod_shib.so
need libapache2-mod-auth-mellon test -e /usr/lib/apache2/modules/mod_auth_mellon.so
need xmlsec1 installed xmlsec1
need apache2 test -x /usr/sbin/apache2
need libapache2-mod-auth-openidc test -e /usr/lib/apache2/modules/mod_auth_openidc.so
need libxml2-utils installed xmllint
need opensaml-schemas test -d /usr/share/xml/opensaml
need xmltooling-schemas test -d /usr/share/xml/xmltooling
need zbar-tools installed zbarimg
need poppler-utils installed pdftotext
need oathtool installed oathtool
need librsvg2-bin installed rsvg-convert
need sox installed soxi
need sip-tester installed sipp
need baresip-core installed baresip
need pocketsphinx installed pocketsphinx_batch
need pocketsphinx-en-us test -d /usr/share/pocketsphinx/model/en-us
need iproute2 installed ip
need python3-aiosmtpd mail_server
need nginx-light test -x /usr/sbin/nginx
need caddy test -x /usr/bin/caddy
need haproxy test -x /usr/sbin/haproxy

if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "The tests need what Debian calls ${missing[*]}. Please install it, then try again."
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "The tests need some programs. Please type this, then try again:"
    echo "  sudo apt-get install --no-install-recommends ${missing[*]}"
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends "${missing[@]}"
