# SPDX-License-Identifier: Apache-2.0
# An optimised build in a folder of its own, .build/bench-<system>: only what is measured, and what measures it.
# shellcheck shell=bash
# shellcheck disable=SC2154 # out, root, packages_*: of common.sh and install.sh

bench_needs() {
    local packages=("${packages_build[@]}" "${packages_vulkan[@]}" gnuplot-nox)
    [ "$1" = linux ] ||
        packages+=("${packages_mingw[@]}" "${packages_source[@]}" "${packages_loader[@]}" "${packages_wine[@]}")
    need "to measure" "${packages[@]}"
    if [ "$1" != linux ]; then
        vulkan_headers
        cmocka_build x86_64
    fi
}

bench_build_locked() {
    local system=$1 dir=$out/bench-$1 args=(-Dbuildtype=release) targets suffix=.so prefix=lib exe=
    if [ "$system" = win64 ]; then
        mapfile -t -O 1 args < <(setup_args win64)
        suffix=.dll prefix='' exe=.exe
    fi
    # As for the other variants: other options, or a set-up that broke off, start anew.
    if [ "${args[*]}" != "$(cat "$dir/setup-stamp" 2>/dev/null)" ] || [ ! -e "$dir/build.ninja" ]; then
        rm -rf "$dir"
        mkdir -p "$dir"
        quietly "setup-bench-$system" env -u CFLAGS -u CPPFLAGS -u LDFLAGS CC=gcc \
            meson setup "$dir" "$root" "${args[@]}"
        printf '%s\n' "${args[*]}" >"$dir/setup-stamp"
    fi
    targets=("tests/bench/ntfence-bench$exe" "tests/bench/${prefix}VkLayer_bench_sink$suffix"
        "tests/bench/${prefix}VkLayer_bench_mutex$suffix" "layer/vulkan/${prefix}VkLayer_ntfence$suffix"
        "layer/kmt/soft/${prefix}ntfence-d3dkmt$suffix")
    [ -z "$exe" ] || targets+=(tests/support/rigrun.exe)
    quietly "build-bench-$system" ninja -C "$dir" "${targets[@]}"
}

bench_build() {
    say "building for $1, optimised"
    with_lock "bench-$1" bench_build_locked "$1"
}
