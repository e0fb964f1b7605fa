# SPDX-License-Identifier: Apache-2.0
# cmocka for the Windows tests: Debian has it for Linux only, so the same version is cross-built.
# shellcheck shell=bash

cmocka_version=1.1.5-2.1

cmocka_build_locked() {
    local arch=$1 dir=$out/cmocka-$1 source=$out/cmocka-source
    [ ! -e "$dir/stamp-$cmocka_version" ] || return 0
    need "to build cmocka for Windows" "${packages_source[@]}" "${packages_mingw[@]}"
    [ -e "$source/stamp-$cmocka_version" ] || {
        fetch_source bookworm cmocka "$cmocka_version" "$source"
        touch "$source/stamp-$cmocka_version"
    }
    say "building cmocka for $arch Windows"
    rm -rf "$dir"
    mkdir -p "$dir/include" "$dir/lib"
    # One file and four facts about MinGW: not worth a run of its configure step. Without
    # HAVE_GCC_THREAD_LOCAL_STORAGE: MinGW's emulation of it would want a thread library.
    "$arch-w64-mingw32-gcc-posix" -std=gnu99 -O2 -g -w -DHAVE_MALLOC_H=1 -DHAVE_INTTYPES_H=1 \
        -DHAVE_SIGNAL_H=1 -D__USE_MINGW_ANSI_STDIO=1 -I"$source/include" \
        -c "$source/src/cmocka.c" -o "$dir/lib/cmocka.o"
    "$arch-w64-mingw32-ar" rcs "$dir/lib/libcmocka.a" "$dir/lib/cmocka.o"
    rm "$dir/lib/cmocka.o"
    cp "$source"/include/cmocka*.h "$dir/include/"
    touch "$dir/stamp-$cmocka_version"
}

# cmocka_build x86_64|i686: leaves .build/cmocka-<arch>/{include,lib}.
cmocka_build() {
    [ -e "$out/cmocka-$1/stamp-$cmocka_version" ] || with_lock cmocka cmocka_build_locked "$1"
}
