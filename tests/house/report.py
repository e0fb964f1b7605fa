# SPDX-License-Identifier: Apache-2.0
"""The line that every suite ends with."""
import sys


def report(checks):
    """checks: (name, breaches) pairs. Prints the breaches and the sum; exits with the verdict."""
    failed = 0
    for name, breaches in checks:
        print(f"[{'FAILED' if breaches else 'OK'}] {name}")
        for breach in breaches:
            print(f"  {breach}")
        failed += bool(breaches)
    passed = len(checks) - failed
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0 or passed == 0)


def planted(found, expected):
    """The breaches of a self-check: what should have been found in a planted breach, and was not."""
    return [f"not found in the planted breach: {what}" for what in expected
            if not any(what in line for line in found)]
