# SPDX-License-Identifier: Apache-2.0
# Public declarations of the structures in layer/kmt/d3dkmt.h, by other hands, for tests/kmt/mingw.
# Headers only, never installed, and nothing but that test looks at them.
# shellcheck shell=bash
#
# mingw-w64's own package declares the NT types; neither trixie's (12.0.0-5) nor forky's (14.0.0-1,
# looked at by hand) has a D3DKMT structure. The one package of trixie that has them is Wine's.

mingw_headers_suite=trixie
mingw_headers_version=12.0.0-5         # of mingw-w64-common
mingw_headers_wine_version=10.0~repack-6 # of libwine-dev
mingw_headers_stamp=$mingw_headers_version-$mingw_headers_wine_version-1

# fetch_packages SUITE FOLDER PACKAGE=VERSION...: downloads binary packages into the folder, with
# lists of apt's own kept there, so that the machine's lists and packages stay as they are.
fetch_packages() {
    local suite=$1 work=$2 mirror
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    shift 2
    mirror=$(debian_mirror)
    say "fetching $* ($suite)"
    rm -rf "$work"
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite" >"$work/sources.list"
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
        quietly packages-lists apt-get -q update
        quietly packages-fetch apt-get -q download "$@"
    )
}

mingw_headers_locked() {
    local dir=$out/mingw-headers work=$out/source/mingw-headers wine
    [ ! -e "$dir/stamp-$mingw_headers_stamp" ] || return 0
    need "to fetch header files of MinGW and Wine" "${packages_source[@]}"
    fetch_packages "$mingw_headers_suite" "$work" "mingw-w64-common=$mingw_headers_version" \
        "libwine-dev=$mingw_headers_wine_version"
    rm -rf "$dir"
    mkdir -p "$dir/wine"
    quietly packages-unpack dpkg-deb -x "$work"/mingw-w64-common_*.deb "$work/mingw"
    quietly packages-unpack dpkg-deb -x "$work"/libwine-dev_*.deb "$work/wine"
    mv "$work/mingw/usr/share/mingw-w64/include" "$dir/mingw"
    # Only these of Wine's: everything that they include is to be mingw-w64's.
    wine=$work/wine/usr/include/wine/wine/windows
    mv "$wine/ddk/d3dkmthk.h" "$wine/d3dukmdt.h" "$wine/d3dkmdt.h" "$dir/wine/"
    rm -rf "$work"
    touch "$dir/stamp-$mingw_headers_stamp"
}

# mingw_headers: leaves .build/mingw-headers/{mingw,wine}, two folders to include from.
mingw_headers() {
    [ -e "$out/mingw-headers/stamp-$mingw_headers_stamp" ] ||
        with_lock mingw-headers mingw_headers_locked
}
