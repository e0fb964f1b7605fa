# SPDX-License-Identifier: Apache-2.0
# Fetches a Debian source package without touching the machine's own package lists.
# shellcheck shell=bash

# The mirror that this machine already uses for bookworm; no address is written in this project.
# apt is asked rather than its files read: it knows every form that they may have.
debian_mirror() {
    local uri
    uri=$(apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' 'Origin: Debian' 'Codename: bookworm' 2>/dev/null | sed -n 1p)
    # The release files are missing on a machine that never ran "apt-get update".
    if [ -z "$uri" ]; then
        apt_update_once >&2
        uri=$(apt-get indextargets --format '$(REPO_URI)' \
            'Created-By: Packages' 'Origin: Debian' 'Codename: bookworm' | sed -n 1p)
    fi
    [ -n "$uri" ] || die "apt knows no Debian bookworm mirror on this machine"
    printf '%s\n' "$uri"
}

# fetch_source SUITE PACKAGE VERSION FOLDER: unpacks the package, Debian's patches applied, as FOLDER.
fetch_source() {
    local suite=$1 package=$2 version=$3 folder=$4
    local work=$out/source/$package mirror
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mirror=$(debian_mirror)
    say "fetching the source of $package $version ($suite)"
    rm -rf "$work" "$folder"
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$(dirname "$folder")"
    printf 'deb-src [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" >"$work/sources.list"
    # A configuration file, and not -o options: apt splits those at spaces in a path.
    cat >"$work/apt.conf" <<CONF
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$work/lists";
Dir::Cache "$work/cache";
APT::Sandbox::User "root";
CONF
    (
        cd "$work"
        export APT_CONFIG=$work/apt.conf
        quietly "source-$package-lists" apt-get -q update
        quietly "source-$package-fetch" apt-get -q --download-only source "$package=$version"
        # apt has checked the signed lists' hashes, so dpkg-source need not know the uploader's key.
        quietly "source-$package-unpack" dpkg-source --no-check --no-copy -x "$work/$package"_*.dsc "$folder"
    )
    rm -rf "$work"
}
