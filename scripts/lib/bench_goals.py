# SPDX-License-Identifier: Apache-2.0
"""
The numbered goals of speed: each a few checks, each check a figure made of what was measured beside one another in one
run, and the most (or least) that it may be. Nothing here knows a measured number.

R is a raw spin on one line of the cache, K a futex with a word that says whether anybody sleeps, V the driver's own
call.
"""
import dataclasses

from bench_figures import (Missing, Series, added, churn, cost, count, many_flat, many_mutex, many_over, pointers,
                           ratio, ratio_least, ratio_to_worst, scan, share, traced, traced_all, unarmed)


@dataclasses.dataclass
class Check:
    what: str
    figure: object            # Series -> Figure
    required: float           # None: there is no such requirement
    stretch: float = None
    unit: str = "x"           # of the figure: "x" a ratio, "ns", "%", "" a count
    most: bool = True         # or at least
    decides: bool = True      # or is only reported
    wine: bool = None         # only under Wine, only elsewhere; None: everywhere


@dataclasses.dataclass
class Goal:
    number: int
    title: str
    groups: tuple
    checks: list


def goals(wine=False):
    """The goals with the checks that there are on this system."""
    found = all_goals()
    for goal in found:
        goal.checks = [check for check in goal.checks if check.wine in (None, wine)]
    return found


def all_goals():
    P99 = {"field": "p99"}
    return [
        Goal(1, "imported fence, the waiter still spins", ("spin",), [
            Check("p50 against R", ratio("spin.imported", "spin.raw"), 1.25, 1.10),
            Check("p99 against R", ratio("spin.imported", "spin.raw", **P99), 2, decides=False),
            Check("of it the signaller's call (a raw spin on the object's value)", ratio("spin.value", "spin.raw"),
                  None,
                  decides=False),
        ]),
        Goal(2, "the same, signalled by another process", ("spin",), [
            Check("p50 against one process", ratio("spin.imported.remote", "spin.imported"), 1.1, 1.0),
            Check("R between processes", ratio("spin.raw.remote", "spin.raw"), None, decides=False),
        ]),
        Goal(3, "imported fence, the waiter sleeps", ("park",), [
            Check("p50 against K", ratio("park.imported", "park.futex"), 1.15, 1.05),
            Check("p50 against V", ratio("park.imported", "park.driver"), .9, .8),
            Check("p99 against K", ratio("park.imported", "park.futex", **P99), 1.3, decides=False),
            Check("p50 between processes against K", ratio("park.imported.remote", "park.futex.remote"), 1.15,
                  decides=False, wine=False),
            Check("p50 between processes against an event", ratio("park.imported.remote", "park.event.remote"), 1.15,
                  decides=False, wine=True),
            Check("p50 against vkWaitSemaphores", ratio("park.imported", "park.timeline"), None, decides=False),
        ]),
        Goal(4, "waits like frames: 4 ms +-5 %, 16.6 ms +-1 %", ("frame", "frame16"), [
            check
            for run, ms, cpu, cpu_stretch in (("frame", "4 ms", 8, 6), ("frame16", "16.6 ms", 4, 3))
            for check in (
                Check(f"{ms}: p50 against K", ratio(f"{run}.imported", f"{run}.futex"), 1 / 20, 1 / 100),
                Check(f"{ms}: processor time", share(f"{run}.imported", "cpu", f"{run}.raw"), cpu, cpu_stretch, "%"),
                Check(f"{ms}: p99 against K", ratio(f"{run}.imported", f"{run}.futex", **P99), 1.3, 1.0, decides=False),
                Check(f"{ms}: p50 against R", ratio(f"{run}.imported", f"{run}.raw"), None, 1.5, decides=False),
                Check(f"{ms}: of it the signaller's call (a raw spin on the object's value)",
                      ratio(f"{run}.value", f"{run}.raw"), None, decides=False),
            )
        ]),
        Goal(5, "any of 128 imported, the waiter still spins", ("spin",), [
            Check("p50 against one fence", ratio("spin.any128", "spin.imported"), 3, 1.6),
            Check("p50 against futex_waitv(128)", ratio("spin.any128", "spin.words128"), 1 / 60, 1 / 150),
        ]),
        Goal(6, "any of 128, the waiter sleeps", ("park",), [
            Check("in one process: p50 against one fence", ratio("park.private128", "park.private1"), 1.1, 1.05),
            Check("between processes: p50 against futex_waitv(128)",
                  ratio("park.any128.remote", "park.words128.remote"), 1.15, 1.05, wine=False),
            Check("between processes: 16, against futex_waitv(16)",
                  ratio("park.any16.remote", "park.words16.remote"), 1.15, 1.05, decides=False, wine=False),
            Check("between processes: p50 against one event", ratio("park.any128.remote", "park.event.remote"), 1.15,
                  1.05, wine=True),
        ]),
        Goal(7, "extension not enabled", ("calls",), [
            Check("pointers that are not the driver's own", pointers, 0, 0, ""),
        ]),
        Goal(8, "enabled, nothing imported", ("calls",), [
            Check("added to vkWaitForFences", added("calls.none.wait", "calls.sink.wait"), .5, .3, "ns"),
            Check("added to vkGetFenceStatus", added("calls.none.status", "calls.sink.status"), .5, .3, "ns"),
            Check("added to vkQueueSubmit", added("calls.none.submit", "calls.sink.submit"), .5, .3, "ns"),
            Check("stores, but for the stack", traced_all(["trace.none.wait", "trace.none.status", "trace.none.submit"],
                                                          "stores"), 0, 0, ""),
            Check("locked instructions", traced_all(["trace.none.wait", "trace.none.status", "trace.none.submit"],
                                                    "locked"), 0, 0, ""),
            Check("a layer with a lock adds to vkWaitForFences", added("calls.mutex.wait", "calls.sink.wait"), None,
                  unit="ns", decides=False),
        ]),
        Goal(9, "driver's fences, many others imported", ("many",), [
            Check("added to a wait for 1", many_over(1, 2, 1.2), 1),
            Check("added to a wait for 16", many_over(16, 2, 1.2), 1),
            Check("added to a wait for 128", many_over(128, 2, 1.2), 1),
            Check("the same, in the stretch's terms", many_over(16, 1.3, .9), None, 1, decides=False),
            Check("a layer with a lock adds more by", many_mutex, 8, 15, most=False),
            Check("as much with most imported as with one", many_flat, 1.6),
        ]),
        Goal(10, "state of an imported fence", ("calls",), [
            Check("vkGetFenceStatus", cost("calls.imported.status"), 6, 3, "ns"),
            Check("vkGetFenceStatus against V", ratio_least("calls.imported.status", "calls.driver.status"), 1 / 6,
                  1 / 12),
            Check("vkWaitForFences, timeout 0", cost("calls.imported.wait"), 6, 3, "ns"),
            Check("vkWaitForFences, timeout 0, against V", ratio_least("calls.imported.wait", "calls.driver.wait"),
                  1 / 6, 1 / 12),
            Check("vkWaitForFences, signalled", cost("calls.imported.wait.done"), None, unit="ns", decides=False),
        ]),
        Goal(11, "lookup while another thread changes the table", ("core",), [
            Check("against a quiet table", churn("quiet"), 2, 1.5),
            Check("against a map with a lock, changed as often", churn("map.churn"), 1 / 8),
        ]),
        Goal(12, "idle", ("idle",), [
            Check("threads before the first import", count("idle.device", "threads", "idle.driver"), 0, 0, ""),
            Check("context switches without a waiter", count("idle.imported", "switches"), 0, 0, ""),
            Check("processor time without a waiter", share("idle.imported", "process_cpu"), None, None, "%",
                  decides=False),
            Check("processor time of a sleeping waiter", share("idle.parked", "process_cpu"), .1, .05, "%"),
        ]),
        Goal(13, "mixed wait-any that ends every 4 ms", ("mixed",), [
            Check("processor time of all threads", share("mixed.any", "process_cpu", "mixed.driver.any2"), 3, 1, "%"),
        ]),
        Goal(14, "mixed wait-any", ("park", "spin"), [
            Check("imported signals, asleep: p50 against K", ratio("park.mixed.any.imported", "park.futex"), 1.2, 1.05),
            Check("imported signals, spinning: p50 against R", ratio("spin.mixed", "spin.raw"), 1.5),
            Check("driver signals: p50 against V", ratio("park.mixed.any.driver", "park.driver"), 1.4, 1.1),
        ]),
        Goal(15, "mixed wait-all", ("park",), [
            Check("driver last: p50 against the slower of both alone",
                  ratio_to_worst("park.mixed.all.driver", ["park.imported", "park.driver"]), 1.05, 1.02),
            Check("imported last: p50 against the slower of both alone",
                  ratio_to_worst("park.mixed.all.imported", ["park.imported", "park.driver"]), 1.05, 1.02),
        ]),
        Goal(16, "a waiter registers and leaves, others look", ("core",), [
            Check("both together", cost("core.register.shared.live"), 20, 10, "ns"),
            Check("a list with a lock costs more by", ratio_least("core.register.list.live",
                  "core.register.shared.live"),
                  8, 15, most=False),
            Check("while it is signalled without a pause", cost("core.register.shared.signalled"), None, unit="ns",
                  decides=False),
            Check("private to the process", cost("core.register.private.live"), None, unit="ns", decides=False),
        ]),
        Goal(17, "scan of what is waited for", ("core", "many"), [
            Check("values on lines of all kinds", scan("spread"), .6, .35, "ns"),
            Check("values at one place of their pages", scan("same"), 3, 2, "ns"),
            Check("each fence that is not waited for", unarmed, .001, .001, "ns"),
        ]),
        Goal(18, "64 waiters for one fence of the process", ("herd",), [
            Check("last return, p50 against a futex that wakes all", ratio("herd.private", "herd.word"), 1.15, 1.0),
            Check("last return, p50 against a condition variable", ratio("herd.private", "herd.condition"), .5),
            Check("signaller's call against one wake",
                  ratio("herd.private", "herd.one", "signal_p50"), 2),
            Check("imported, by vkWaitForFences: last return against a futex", ratio("herd.shared", "herd.word"), None,
                  decides=False),
        ]),
        Goal(19, "a signal that nobody sleeps for", ("core", "calls"), [
            Check("D3DKMTSignal... over a plain store", added("core.signal.shared", "core.store"), 6, 5, "ns"),
            Check("system calls", count("trace.signal", "system_calls"), 0, 0, ""),
            Check("of it the object's own part", added("core.signal.object", "core.store"), None, unit="ns",
                  decides=False),
            Check("a compare-and-swap over a plain store", added("core.swap", "core.store"), None, unit="ns",
                  decides=False),
        ]),
        Goal(20, "protection of what is read", ("core", "calls"), [
            Check("lookup over one without protection", added("core.lookup.quiet.1000", "core.lookup.bare.1000"), .7,
                  .45,
                  "ns"),
            Check("locked instructions and full fences in a status", traced("trace.imported.status", "locked"), 0, 0,
                  ""),
            Check("elsewhere: a full fence", added("core.read.fenced", "core.read.plain"), None, unit="ns",
                  decides=False),
            Check("elsewhere: a count up and down", added("core.read.counted", "core.read.plain"), None, unit="ns",
                  decides=False),
        ]),
        Goal(21, "every processor has a hog", ("hogs",), [
            Check("p50 against K", ratio("hogs.imported", "hogs.futex"), 1.15, 1.0),
            Check("p90 against K", ratio("hogs.imported", "hogs.futex", "p90"), 3, 1.5),
        ]),
        Goal(22, "a submission signals, on a GPU", ("gpu", "gpu-software"), [
            Check("imported: p50 against polling vkGetFenceStatus", ratio("gpu.imported", "gpu.driver.poll"), 1.15,
                  1.05),
            Check("imported: p50 against V", ratio("gpu.imported", "gpu.driver.wait"), .4, .3),
            Check("exported: p50 against polling vkGetFenceStatus", ratio("gpu.exported", "gpu.driver.poll"), 1.15,
                  1.05),
            Check("exported: p50 against V", ratio("gpu.exported", "gpu.driver.wait"), .4, .3),
            Check("another process returns later by", cost("gpu.remote.later", "p50"), 1000, None, "ns"),
            Check("without one, software rendering: imported against polling",
                  ratio("gpu-software.imported", "gpu-software.driver.poll"), None, decides=False),
            Check("without one: imported against V", ratio("gpu-software.imported", "gpu-software.driver.wait"), None,
                  decides=False),
            Check("without one: exported against V", ratio("gpu-software.exported", "gpu-software.driver.wait"), None,
                  decides=False),
            Check("without one: another process returns later by", cost("gpu-software.remote.later", "p50"), None,
                  unit="ns", decides=False),
        ]),
    ]


# ---- verdicts

HOLDS, MISSES, CANNOT, REPORTED = "holds", "misses", "can't be measured here", "reported"


def judge_check(check, series, scale=1):
    """One check as a row of the result. scale makes every requirement stricter or laxer, or (below 0)
    one that nothing meets, to try the verdicts."""
    row = {"what": check.what, "decides": check.decides, "unit": check.unit, "most": check.most,
           "required": check.required, "stretch": check.stretch}
    try:
        figure = check.figure(series)
    except Missing as why:
        return row | {"verdict": CANNOT, "why": str(why)}
    row |= {"measured": figure.measured, "limit": figure.limit, "figure": figure.value}

    def met(bound):
        return bound is not None and (figure.value <= bound if check.most else figure.value >= bound)

    row["stretch_met"] = met(check.stretch)
    if check.required is None:
        return row | {"verdict": REPORTED}
    # At least rather than at most: laxer is less.
    required = check.required * scale if check.most else check.required / (scale or 1)
    return row | {"verdict": HOLDS if scale >= 0 and met(required) else MISSES}


def judge(goal, series, scale=1):
    rows = [judge_check(check, series, scale) for check in goal.checks]
    deciding = [row for row in rows if row["decides"]]
    measured = [row for row in deciding if row["verdict"] != CANNOT]
    result = {"number": goal.number, "title": goal.title, "checks": rows}
    if not measured:
        return result | {"verdict": CANNOT, "why": next(row["why"] for row in deciding)}
    verdict = MISSES if any(row["verdict"] == MISSES for row in measured) else HOLDS
    stretch = all(row["stretch_met"] for row in measured if row["stretch"] is not None)
    return result | {"verdict": verdict, "stretch": stretch}
