# SPDX-License-Identifier: Apache-2.0
"""Figures: what is made of the series of a run, each with the limit that was measured beside it."""
import dataclasses
import statistics


class Missing(Exception):
    """Why a figure cannot be had on this machine."""


class Series(dict):
    """The series of a run by name; asking for one that is not there says why."""

    def __missing__(self, name):
        raise Missing(f"'{name}' was not measured")

    def of(self, name, field="p50"):
        series = self[name]
        if "missing" in series:
            raise Missing(series["missing"])
        if field not in series:
            raise Missing(f"'{name}' has no {field} here")
        return series[field]


@dataclasses.dataclass
class Figure:
    value: float
    measured: str
    limit: str


def time_text(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if abs(ns) >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.3g} ns"


def share_text(value):
    return f"{100 * value:.3g} %"


def latency_text(series, name, field):
    """The number that counts; for the median of wake-ups, p90 and p99 beside it."""
    fields = ("p50", "p90", "p99") if field == "p50" and "p99" in series[name] else (field,)
    return " / ".join(time_text(series.of(name, each)) for each in fields)


# ---- kinds of figures

def ratio(name, limit, field="p50", limit_field=None):
    """Medians: chunk beside chunk, so that what the machine does to both is not counted."""
    def figure(series):
        a, b = series.of(name, field), series.of(limit, limit_field or field)
        value = a / b
        chunks, limits = series[name].get("chunks", []), series[limit].get("chunks", [])
        if field == "p50" and not limit_field and len(chunks) == len(limits) > 2 and min(limits) > 0:
            value = statistics.median(x / y for x, y in zip(chunks, limits))
        return Figure(value, latency_text(series, name, field),
                      f"{latency_text(series, limit, limit_field or field)} ({limit})")
    return figure


def ratio_to_worst(name, limits):
    """Against the largest of several."""
    def figure(series):
        worst = max(limits, key=lambda limit: series.of(limit))
        return ratio(name, worst)(series)
    return figure


def added(name, base, field="min"):
    def figure(series):
        a, b = series.of(name, field), series.of(base, field)
        return Figure(a - b, time_text(a), f"{time_text(b)} ({base})")
    return figure


def cost(name, field="min"):
    def figure(series):
        value = series.of(name, field)
        return Figure(value, time_text(value), "")
    return figure


def ratio_least(name, limit):
    return ratio(name, limit, "min")


def share(name, field, beside=None):
    def figure(series):
        value = series.of(name, field)
        limit = f"{share_text(series.of(beside, 'cpu'))} ({beside})" if beside else ""
        return Figure(100 * value, share_text(value), limit)
    return figure


def count(name, field, base=None):
    def figure(series):
        value = series.of(name, field)
        from_ = series.of(base, field) if base else 0
        return Figure(value - from_, f"{value:g}", f"{from_:g} ({base})" if base else "")
    return figure


def pointers(series):
    same, of = series.of("calls.pointers", "same"), series.of("calls.pointers", "commands")
    return Figure(of - same, f"{same:g} of {of:g} the same", series["calls.pointers"].get("different", ""))


def traced(name, what):
    """Instructions of a kind (bench_code.py) among those that ran."""
    def figure(series):
        found = series.of(name, what)
        of = series.of(name, "instructions")
        return Figure(len(found), f"{len(found)} of {of:g} instructions", "; ".join(found[:3]))
    return figure


def traced_all(names, what):
    def figure(series):
        figures = [traced(name, what)(series) for name in names]
        return Figure(sum(f.value for f in figures), "; ".join(f.measured for f in figures),
                      "; ".join(f.limit for f in figures if f.limit))
    return figure


# ---- goal 9: k imported, m waited for

def most_imports(series):
    """The largest number of imports that was tried."""
    return max((int(name.split(".")[3]) for name in series if name.startswith("many.ours.1.")), default=0)


def many_added(series, who, fences, imports):
    return (series.of(f"many.{who}.{fences}.{imports}", "min") - series.of(f"many.sink.{fences}.{imports}", "min"))


def many_over(fences, base, each):
    """What the layer adds, in shares of base + each for every fence."""
    def figure(series):
        imports = most_imports(series)
        value = many_added(series, "ours", fences, imports)
        return Figure(value / (base + each * fences), f"{time_text(value)} added, {imports} imported",
                      f"{base} + {each} ns a fence")
    return figure


def many_mutex(series):
    imports = most_imports(series)
    pairs = [(many_added(series, "mutex", m, imports), max(many_added(series, "ours", m, imports), .01))
             for m in (1, 16, 128)]
    mutex, ours = min(pairs, key=lambda pair: pair[0] / pair[1])
    return Figure(mutex / ours, f"{time_text(ours)} added", f"{time_text(mutex)} added (a layer with a lock)")


def many_flat(series):
    imports = most_imports(series)
    pairs = [(many_added(series, "ours", m, imports), max(many_added(series, "ours", m, 1), .01)) for m in (1, 16, 128)]
    many, one = max(pairs, key=lambda pair: pair[0] / pair[1])
    return Figure(many / one, f"{time_text(many)} added, {imports} imported", f"{time_text(one)} added, 1 imported")


def unarmed(series):
    imports = most_imports(series)
    many, one = series.of(f"many.one.{imports}", "min"), series.of("many.one.1", "min")
    return Figure(max(0, many - one) / max(1, imports - 1), f"{time_text(many)}, {imports} imported",
                  f"{time_text(one)}, 1 imported")


def scan(kind):
    """What each further fence of a scan costs: the most over all lengths."""
    def figure(series):
        counts = sorted(int(name.split(".")[3]) for name in series if name.startswith(f"core.scan.{kind}."))
        one = series.of(f"core.scan.{kind}.1", "min")
        each = {n: (series.of(f"core.scan.{kind}.{n}", "min") - one) / (n - 1) for n in counts if n > 1}
        worst = max(each, key=each.get)
        return Figure(each[worst], f"{time_text(each[worst])} a fence, of {worst}", "")
    return figure


def lookups(series):
    return max((int(name.split(".")[3]) for name in series if name.startswith("core.lookup.churn.")), default=0)


def churn(limit):
    def figure(series):
        return ratio(f"core.lookup.churn.{lookups(series)}", f"core.lookup.{limit}.{lookups(series)}")(series)
    return figure
