# SPDX-License-Identifier: Apache-2.0
# The build variants, each a Meson build folder .build/<variant>.
# shellcheck shell=bash

# asan has UBSan as well; linux-m32 is 32-bit Linux, without what needs Vulkan's loader (Debian has none that
# could be installed beside the 64-bit one).
# shellcheck disable=SC2034 # scripts/test runs them
all_variants=(linux-gcc linux-clang asan tsan linux-m32 win64 win32)

# Only the Vulkan headers, through two links: /usr/include itself must not be seen by a cross build.
vulkan_headers() {
    local name
    mkdir -p "$out/inc"
    for name in vulkan vk_video; do
        [ -d "/usr/include/$name" ] || die "/usr/include/$name is missing (package libvulkan-dev)"
        ln -sfn "/usr/include/$name" "$out/inc/$name"
    done
}

build_needs() {
    case $1 in
    linux-m32) need "to build for 32-bit Linux" "${packages_build[@]}" "${packages_m32[@]}" ;;
    linux-* | asan | tsan) need "to build and run on Linux" "${packages_build[@]}" "${packages_vulkan[@]}" ;;
    win*) need "to build for Windows" "${packages_build[@]}" "${packages_mingw[@]}" ;;
    *) die "no such variant: $1 (there are: ${all_variants[*]})" ;;
    esac
}

# Prints the arguments of "meson setup", one a line. Built-in options only, so that a packager's or
# an IDE's own call of Meson needs nothing that is not written here.
setup_args() {
    local variant=$1 arch
    # What may be uninitialised is for the other builds to say: instrumented code makes gcc see ghosts.
    local sanitized="'-fno-omit-frame-pointer', '-Wno-maybe-uninitialized'"
    # Here a warning is an error; whoever builds with another compiler has his own warnings.
    printf '%s\n' -Dwerror=true
    case $variant in
    linux-gcc | linux-clang) ;;
    # What UBSan finds ends the program, as what ASan finds does.
    asan)
        printf '%s\n' -Db_sanitize=address,undefined
        printf '%s\n' "-Dc_args=[$sanitized, '-fno-sanitize-recover=undefined']"
        ;;
    # gcc warns that TSan does not understand fences; it takes them for nothing, so it is the models that
    # judge the code which needs them (tests/models).
    tsan)
        printf '%s\n' -Db_sanitize=thread
        printf '%s\n' "-Dc_args=[$sanitized, '-Wno-tsan']"
        ;;
    linux-m32) printf '%s\n' "-Dpkg_config_path=['$out/cmocka-m32/lib']" ;;
    win64 | win32)
        arch=x86_64
        [ "$variant" = win64 ] || arch=i686
        printf '%s\n' --cross-file "$root/scripts/cross/$variant.ini"
        # -isystem: warnings of foreign headers are not ours to mend.
        printf '%s\n' "-Dc_args=['-isystem$out/inc', '-isystem$out/cmocka-$arch/include']"
        printf '%s\n' "-Dc_link_args=['-L$out/cmocka-$arch/lib']"
        ;;
    esac
}

build_variant_locked() {
    local variant=$1 dir=$out/$1 compiler stamp args
    mapfile -t args < <(setup_args "$variant")
    # Of the caller's own flags nothing gets in.
    compiler=(-u CFLAGS -u CPPFLAGS -u LDFLAGS -u CC)
    case $variant in
    linux-clang) compiler+=(CC=clang) ;;
    linux-m32) compiler+=(CC="gcc -m32") ;;
    linux-gcc | asan | tsan) compiler+=(CC=gcc) ;;
    esac
    # Meson keeps the options of the first set-up for good: other options, or a set-up that broke off, start anew.
    stamp=$({ printf '%s\n' "${compiler[@]}" "${args[@]}"; cat "$root/scripts/cross/"*.ini; } | sha256sum)
    if [ "$stamp" != "$(cat "$dir/setup-stamp" 2>/dev/null)" ] || [ ! -e "$dir/build.ninja" ]; then
        rm -rf "$dir"
        mkdir -p "$dir"
        quietly "setup-$variant" env "${compiler[@]}" meson setup "$dir" "$root" "${args[@]}"
        printf '%s\n' "$stamp" >"$dir/setup-stamp"
    fi
    # ninja notices a changed meson.build, but not one that is new or gone.
    find "$root/layer" "$root/json" "$root/tests" -name meson.build | LC_ALL=C sort >"$dir/folders.new"
    if ! cmp -s "$dir/folders.new" "$dir/folders"; then
        [ ! -e "$dir/folders" ] || quietly "setup-$variant" meson setup --reconfigure "$dir" "$root"
        mv "$dir/folders.new" "$dir/folders"
    fi
    quietly "build-$variant" ninja -C "$dir" ${ninja_jobs:+-j "$ninja_jobs"}
}

# build_variant NAME: installs what it needs, configures and compiles. $ninja_jobs limits the compilers.
build_variant() {
    local variant=$1
    build_needs "$variant"
    case $variant in
    linux-m32) cmocka_build m32 ;;
    win64) vulkan_headers && cmocka_build x86_64 ;;
    win32) vulkan_headers && cmocka_build i686 ;;
    esac
    with_lock "$variant" build_variant_locked "$variant"
}
