#!/usr/bin/env bash
# unpack.sh SUITE DEST BINARY PACKAGE...
#
# DEST/root gets PACKAGEs of a Debian SUITE and everything they depend on, down to the C library, and DEST/root/BINARY is
# made to run on exactly those libraries. Nothing is installed on the machine itself: a suite newer than the machine's
# own would bring a C library that the rest of it was not built for.
#
# Needs root, for apt refuses to work for others even in a folder of its own, and the mirror apt is set up with.
set -euo pipefail

suite=$1 dest=$2 binary=$3
shift 3

mirror=$(apt-get indextargets --format '$(SITE)' | awk '!/security/ && !found { found = $0 } END { print found }')
[ -n "$mirror" ] || { echo "apt knows no mirror: run apt-get update first" >&2; exit 1; }

mkdir -p "$dest/root"
dest=$(readlink -f "$dest")

# An apt of its own: with an empty dpkg status it takes the whole closure instead of trusting what the machine has.
apt=$dest/apt
mkdir -p "$apt"/etc/apt.conf.d "$apt"/etc/preferences.d "$apt"/lists/partial "$apt"/archives/partial
: > "$apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$apt/sources.list"
cat > "$apt/apt.conf" <<CONF
Dir::Etc "$apt/etc";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::parts "$apt/etc/apt.conf.d";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Check-Date "false";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Architecture "$(dpkg --print-architecture)";
CONF
export APT_CONFIG=$apt/apt.conf DEBIAN_FRONTEND=noninteractive

apt-get -qq update
apt-get -qq install -y --download-only patchelf "$@" > /dev/null
for package in "$apt"/archives/*.deb; do dpkg-deb -x "$package" "$dest/root"; done
rm -rf "$apt"

# patchelf came along, so it runs on the unpacked libraries too, by way of their own loader.
libraries=$dest/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
loader=$(find "$libraries" -maxdepth 1 -name 'ld-linux*.so.*' | head -n 1)
"$loader" --library-path "$libraries" "$dest/root/usr/bin/patchelf" \
  --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$dest/root/$binary"
