# SPDX-License-Identifier: Apache-2.0
# Starts the two demo programs and gives their verdict.
# shellcheck shell=bash

# run_demo linux|wine BUILD_DIR [ARGUMENT...]: in wine mode the session is on and has its loader.
run_demo() {
    local mode=$1 programs=$2/tests/demo suffix='' start=()
    shift 2
    [ "$mode" = linux ] || { suffix=.exe && start=(wine "$programs/../support/rigrun.exe" --); }
    [ -x "$programs/ntfence-consumer$suffix" ] || die "this build has no demo programs"
    "${start[@]}" "$programs/ntfence-producer$suffix" "$@" &
    local producer=$! status=0
    "${start[@]}" "$programs/ntfence-consumer$suffix" "$@" || status=$?
    wait "$producer" || status=$?
    return "$status"
}
