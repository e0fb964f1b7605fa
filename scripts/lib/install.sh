# SPDX-License-Identifier: Apache-2.0
# Debian packages: says what is missing, installs just that, and asks for rights only then.
# shellcheck shell=bash

packages_build=(gcc libc6-dev clang meson ninja-build pkg-config python3 binutils libcmocka-dev libvulkan-dev)
packages_vulkan=(mesa-vulkan-drivers libvulkan1 vulkan-tools vulkan-validationlayers)
packages_m32=(gcc-multilib)
# The models of the page protocol (tests/models).
packages_models=(spin relacy-dev g++)
packages_mingw=(gcc-mingw-w64-x86-64-posix gcc-mingw-w64-i686-posix)
# The loader and cmocka for Windows are built from Debian's own sources.
packages_source=(dpkg-dev patch xz-utils ca-certificates debian-archive-keyring)
packages_loader=(cmake g++)
packages_wine=(wine wine64 xvfb)

# need_for VARIANT...: all that these builds and their tests use, in one go. The parts still ask for
# their own packages, which then costs nothing.
need_for() {
    local variant packages=()
    for variant in "$@"; do
        packages+=("${packages_build[@]}" "${packages_vulkan[@]}")
        case $variant in
        linux-gcc) packages+=("${packages_models[@]}") ;;
        linux-m32) packages+=("${packages_m32[@]}" "${packages_source[@]}") ;;
        win*)
            packages+=("${packages_mingw[@]}" "${packages_source[@]}" "${packages_loader[@]}" "${packages_wine[@]}")
            ;;
        esac
    done
    mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
    need "to build and test $*" "${packages[@]}"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "not root and no sudo: cannot run: $*"
    fi
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

apt_updated=
apt_update_once() {
    [ -z "$apt_updated" ] || return 0
    quietly apt-update as_root apt-get -q -o DPkg::Lock::Timeout=300 update
    apt_updated=1
}

# need WHY PACKAGE...
need() {
    local why=$1 package missing=()
    shift
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing with apt, $why: ${missing[*]}"
    apt_update_once
    quietly apt-install as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends "${missing[@]}"
}
