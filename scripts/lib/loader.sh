# SPDX-License-Identifier: Apache-2.0
# The Khronos Vulkan loader for Windows, built from the one version whose source Debian's mirrors hold whole.
# shellcheck shell=bash

loader_version=1.4.309.0-1

# Two loaders: 'plain' as it is, and 'changed'. Wine calls every process elevated, and an elevated
# loader ignores layer paths and HKCU; the changed one takes Wine's level for that of a normal user.
loader_change_integrity() {
    local file=$1/loader/loader_environment.c
    local from='integrity_level >= SECURITY_MANDATORY_HIGH_RID'
    local to='integrity_level >= SECURITY_MANDATORY_SYSTEM_RID'
    [ "$(grep -c "$from" "$file")" -eq 1 ] || die "the loader's integrity line is not where it was"
    sed -i "s/$from/$to/" "$file"
}

loader_toolchain() {
    cat >"$1" <<'CMAKE'
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix)
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
CMAKE
}

# As Debian has it, for both loaders.
loader_source_locked() {
    local source=$out/loader/source
    [ ! -e "$source/stamp-$loader_version" ] || return 0
    fetch_source trixie vulkan-loader "$loader_version" "$source"
    touch "$source/stamp-$loader_version"
}

loader_build_locked() {
    local kind=$1 dir=$out/loader/$1 work=$out/loader/work-$1
    local source=$work/source headers=$work/headers build=$work/build-$1
    [ ! -e "$dir/stamp-$loader_version" ] || return 0
    need "to build the Vulkan loader for Windows" meson ninja-build python3 gcc \
        "${packages_source[@]}" "${packages_mingw[@]}" "${packages_loader[@]}"
    with_lock loader-source loader_source_locked
    rm -rf "$dir" "$work"
    mkdir -p "$dir" "$work"
    cp -a "$out/loader/source" "$source"
    [ "$kind" = plain ] || loader_change_integrity "$source"
    say "building the Vulkan loader $loader_version for Windows ($kind)"
    loader_toolchain "$work/mingw.cmake"
    quietly "loader-$kind-headers" cmake -G Ninja -S "$source/vulkan-headers" -B "$headers/build" \
        -DVULKAN_HEADERS_ENABLE_MODULE=OFF -DCMAKE_INSTALL_PREFIX="$headers/install"
    quietly "loader-$kind-headers" cmake --install "$headers/build"
    # Debian strips the generated sources; codegen writes them here.
    mkdir -p "$source/loader/generated"
    # USE_GAS: the default assembler for Windows is one that Debian does not have.
    quietly "loader-$kind-setup" cmake -G Ninja -S "$source" -B "$build" \
        -DCMAKE_TOOLCHAIN_FILE="$work/mingw.cmake" -DCMAKE_BUILD_TYPE=Release -DUSE_GAS=ON \
        -DUPDATE_DEPS=OFF -DBUILD_TESTS=OFF -DLOADER_CODEGEN=ON \
        -DVULKAN_HEADERS_INSTALL_DIR="$headers/install"
    quietly "loader-$kind-codegen" ninja -C "$build" loader_codegen
    quietly "loader-$kind-build" ninja -C "$build" ${ninja_jobs:+-j "$ninja_jobs"}
    cp "$build/loader/vulkan-1.dll" "$build/loader/libvulkan-1.dll.a" "$dir/"
    rm -rf "$work"
    touch "$dir/stamp-$loader_version"
}

# loader_build changed|plain: leaves .build/loader/<kind>/{vulkan-1.dll,libvulkan-1.dll.a}.
loader_build() {
    [ -e "$out/loader/$1/stamp-$loader_version" ] || with_lock "loader-$1" loader_build_locked "$1"
}
