# SPDX-License-Identifier: Apache-2.0
"""Lists what floor 0 needs of others, and fails on what would be a runtime library beside ours: atomics as calls of
libatomic, threads of winpthread. Usage: imports.py NM LIBRARY"""
import re
import subprocess
import sys

FORBIDDEN = re.compile(r"_*(atomic|sync)_\w+|_*pthread_\w+|_*emutls\w*|_*tls_get_addr")
ALLOWED_ON_POSIX = re.compile(r"pthread_(create|join|detach|self|sigmask|setname_np)$")


def undefined(nm, library):
    lines = subprocess.run([nm, "-u", library], check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted({line.split()[-1] for line in lines if " U " in f" {line} "})


def breaches(symbols, windows):
    return [s for s in symbols if FORBIDDEN.match(s.removeprefix("__imp_")) and
            (windows or not ALLOWED_ON_POSIX.match(s))]


def main():
    nm, library, system = sys.argv[1:]
    symbols = undefined(nm, library)
    windows = system == "windows"
    planted = ["__atomic_load_8", "_pthread_create", "__emutls_get_address", "__tls_get_addr"]
    checks = [("finds a planted one", breaches(planted, True) == planted),
              ("sees symbols at all", len(symbols) > 10),
              (f"needs no runtime library: {breaches(symbols, windows)}", not breaches(symbols, windows))]
    for name, good in checks:
        print("[OK]" if good else "[FAILED]", name)
    failed = sum(not good for _, good in checks)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
