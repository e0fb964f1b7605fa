# SPDX-License-Identifier: Apache-2.0
# cmocka where Debian has none for the target (Windows, 32-bit Linux): the same version, from Debian's source.
# shellcheck shell=bash

cmocka_version=1.1.5-2.1

# One file and a few facts about the target: not worth a run of its configure step.
cmocka_compile() {
    local arch=$1 source=$2 dir=$3
    local flags=(-std=gnu99 -O2 -g -w -DHAVE_MALLOC_H=1 -DHAVE_INTTYPES_H=1 -DHAVE_SIGNAL_H=1 "-I$source/include")
    case $arch in
    m32)
        gcc -m32 "${flags[@]}" -DHAVE_STRINGS_H=1 -DHAVE_STRSIGNAL=1 -DHAVE_SIGLONGJMP=1 \
            -DHAVE_GCC_THREAD_LOCAL_STORAGE=1 -c "$source/src/cmocka.c" -o "$dir/lib/cmocka.o"
        ar rcs "$dir/lib/libcmocka.a" "$dir/lib/cmocka.o"
        # -isystem: warnings of foreign headers are not ours to mend.
        cat >"$dir/lib/cmocka.pc" <<PC
Name: cmocka
Description: cmocka for 32-bit Linux
Version: ${cmocka_version%-*}
Cflags: -isystem "$dir/include"
Libs: "-L$dir/lib" -lcmocka
PC
        ;;
    *)
        # Without HAVE_GCC_THREAD_LOCAL_STORAGE: MinGW's emulation of it would want a thread library.
        "$arch-w64-mingw32-gcc-posix" "${flags[@]}" -D__USE_MINGW_ANSI_STDIO=1 \
            -c "$source/src/cmocka.c" -o "$dir/lib/cmocka.o"
        "$arch-w64-mingw32-ar" rcs "$dir/lib/libcmocka.a" "$dir/lib/cmocka.o"
        ;;
    esac
    rm "$dir/lib/cmocka.o"
}

# Its own lock: two targets are built at the same time.
cmocka_source_locked() {
    local source=$1
    [ ! -e "$source/stamp-$cmocka_version" ] || return 0
    fetch_source bookworm cmocka "$cmocka_version" "$source"
    touch "$source/stamp-$cmocka_version"
}

cmocka_build_locked() {
    local arch=$1 dir=$out/cmocka-$1 source=$out/cmocka-source
    [ ! -e "$dir/stamp-$cmocka_version" ] || return 0
    need "to build cmocka for $arch" "${packages_source[@]}"
    with_lock cmocka-source cmocka_source_locked "$source"
    say "building cmocka for $arch"
    rm -rf "$dir"
    mkdir -p "$dir/include" "$dir/lib"
    cmocka_compile "$arch" "$source" "$dir"
    cp "$source"/include/cmocka*.h "$dir/include/"
    touch "$dir/stamp-$cmocka_version"
}

# cmocka_build x86_64|i686|m32: leaves .build/cmocka-<arch>/{include,lib}; m32 is Linux, the others are Windows.
cmocka_build() {
    [ -e "$out/cmocka-$1/stamp-$cmocka_version" ] || with_lock "cmocka-$1" cmocka_build_locked "$1"
}
