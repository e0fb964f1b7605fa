# SPDX-License-Identifier: Apache-2.0
# Where things are, and how the scripts speak. Sourced first by every script.
# shellcheck shell=bash

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
# Everything that is made lies below this one folder, which git ignores.
out=$root/.build
mkdir -p "$out"

say() { printf '== %s\n' "$*"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Two runs in one checkout may need the same product: the second waits, then finds it made.
# with_lock NAME COMMAND... runs COMMAND in a subshell (so it cannot set variables of the caller).
with_lock() {
    local name=$1
    shift
    (
        flock -n 9 || { say "waiting for another run to finish with '$name'" && flock 9; }
        "$@"
    ) 9>"$out/$name.lock"
}

# quietly LABEL COMMAND...: the output goes to a log, which is shown only when COMMAND fails.
quietly() {
    local label=$1 log
    log=$out/log/$label.log
    shift
    mkdir -p "$out/log"
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        die "$label failed; all of its output is in .build/log/$label.log"
    fi
}
