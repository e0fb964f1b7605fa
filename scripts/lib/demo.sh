# SPDX-License-Identifier: Apache-2.0
# Runs the two demo programs (tests/demo) with the layer on, and gives their verdict.
# shellcheck shell=bash
# shellcheck disable=SC2154 # out, loader_version: of common.sh and loader.sh

demo_layer=VK_LAYER_NTFENCE_external_fence_win32
demo_not_here=77 # the producer's status when the runtime that was asked for cannot share fences

# Nothing of the caller's surroundings: neither other layers nor settings. Software rendering.
demo_clean_env() {
    local name drivers
    while read -r name; do
        case $name in
        VK_* | NTFENCE_* | MESA_* | LP_* | ENABLE_LAYER* | DISABLE_LAYER*) unset "$name" ;;
        esac
    done < <(compgen -e)
    drivers=(/usr/share/vulkan/icd.d/lvp_icd*.json)
    export VK_DRIVER_FILES=${drivers[0]}
}

windows_path() {
    local path=Z:$1
    printf '%s\n' "${path//\//\\}"
}

# Explicit: named in VK_INSTANCE_LAYERS, its manifest found by VK_LAYER_PATH.
demo_linux() {
    local build=$1
    shift
    say "Linux, Debian's loader; the layer is explicit (VK_LAYER_PATH, VK_INSTANCE_LAYERS)"
    VK_LAYER_PATH=$build/json/explicit VK_INSTANCE_LAYERS=$demo_layer \
        "$build/tests/demo/ntfence-producer" --page "$demo_dir/page" "$@" \
        -- "$build/tests/demo/ntfence-consumer" --expect-layer VK_INSTANCE_LAYERS
}

# demo_in_wine BUILD HOW VARIABLE=VALUE... -- ARGUMENT...: rigrun sets what Wine drops; the layer
# must say HOW it was enabled.
demo_in_wine() {
    local build=$1 how=$2 variables=()
    shift 2
    while [ "$1" != -- ]; do
        variables+=("$1")
        shift
    done
    shift
    wine "$build/tests/support/rigrun.exe" "${variables[@]}" -- \
        "$(windows_path "$build/tests/demo/ntfence-producer.exe")" \
        --page "$(windows_path "$demo_dir/page")" "$@" \
        -- "$(windows_path "$build/tests/demo/ntfence-consumer.exe")" \
        --expect-loader "${loader_version%.*}" --expect-layer "$how" 8>&- | tr -d '\r'
}

demo_wine_explicit() {
    local build=$1
    shift
    say "Wine, the Khronos loader; the layer is explicit (VK_LAYER_PATH, VK_INSTANCE_LAYERS)"
    demo_in_wine "$build" VK_INSTANCE_LAYERS "VK_LAYER_PATH=$(windows_path "$build/json/explicit")" \
        "VK_INSTANCE_LAYERS=$demo_layer" -- "$@"
}

# Implicit: its manifest in the registry, as an installer would put it there.
demo_wine_implicit() {
    local build=$1 key='HKLM\Software\Khronos\Vulkan\ImplicitLayers' manifest status=0
    shift
    manifest=$(windows_path "$(echo "$build"/json/implicit/*.json)")
    say "Wine, the Khronos loader; the layer is implicit (registry, NTFENCE_ENABLE=1)"
    quietly demo-registry wine reg add "$key" /v "$manifest" /t REG_DWORD /d 0 /f 8>&-
    demo_in_wine "$build" NTFENCE_ENABLE NTFENCE_ENABLE=1 -- "$@" || status=$?
    quietly demo-registry wine reg delete "$key" /v "$manifest" /f 8>&-
    return "$status"
}

demo_usage() {
    cat <<'TEXT'
arguments of the demo:
  --rounds N  so many signals, 2000 unless told
  --every M   the producer waits for a reply after every M-th, 8 unless told; 1 proves every wake
TEXT
}

# run_demo linux|wine BUILD_DIR [ARGUMENT...]: in wine mode the session is on and has its loader.
run_demo() {
    local mode=$1 build=$2 status=0 start=$SECONDS
    shift 2
    local argument
    for argument in "$@"; do
        case $argument in
        --rounds | --every | --kind | d3d1[12] | [0-9]*) ;;
        *) demo_usage >&2 && return 2 ;;
        esac
    done
    demo_clean_env
    demo_dir=$(mktemp -d "$out/demo.XXXXXX")
    if [ "$mode" = linux ]; then
        demo_linux "$build" "$@" || status=$?
    else
        demo_wine_explicit "$build" "$@" || status=$?
        [ "$status" -eq "$demo_not_here" ] || demo_wine_implicit "$build" "$@" || status=$?
    fi
    rm -rf "$demo_dir"
    if [ "$status" -eq 0 ]; then
        say "the demo ended well, in $((SECONDS - start)) s"
    elif [ "$status" -eq "$demo_not_here" ]; then
        say "not possible here: see above; nothing was shown, good or bad (status $demo_not_here)"
    else
        say "the demo FAILED"
    fi
    return "$status"
}
