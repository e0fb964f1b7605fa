# SPDX-License-Identifier: Apache-2.0
"""The pictures of a run, drawn by gnuplot as SVG: what people look at first."""
import pathlib
import subprocess

HEAD = """set terminal svg size 960,{height} noenhanced font "sans,13" background "white"
set output "{out}"
set title "{title}"
set border 3
set tics nomirror
set grid {grid} lc "#dddddd"
"""

# Name in the picture, series.
WAKES = [
    ("raw spin (R)", "spin.raw"), ("ntfence, spinning", "spin.imported"),
    ("ntfence, other process", "spin.imported.remote"), ("ntfence, any of 128", "spin.any128"),
    ("futex (K)", "park.futex"), ("ntfence, asleep", "park.imported"),
    ("ntfence, asleep, other process", "park.imported.remote"), ("condition variable", "park.condition"),
    ("vkWaitSemaphores", "park.timeline"), ("vkWaitForFences (V)", "park.driver"),
    ("driver's any of 16 (spins)", "park.driver.any16"), ("ntfence, mixed any", "park.mixed.any.imported"),
    ("futex_waitv of 128", "spin.words128"),
]
FRAMES = [
    ("raw spin", "frame.raw"), ("sched_yield", "frame.yield"), ("sleeps of 50 us", "frame.sleep50"),
    ("ntfence", "frame.imported"), ("futex", "frame.futex"), ("condition variable", "frame.condition"),
    ("vkWaitSemaphores", "frame.timeline"), ("vkWaitForFences", "frame.driver"),
]


class Undrawn(Exception):
    pass


def block(rows):
    return "$data << EOD\n" + "\n".join(rows) + "\nEOD\n"


def there(series, pairs):
    return [(name, series[key]) for name, key in pairs if key in series and "p50" in series[key]]


OURS, OTHERS = 0x1F6FB4, 0x777777


def time_text(ns):
    return f"{ns:.3g} ns" if ns < 1e3 else f"{ns / 1e3:.3g} us" if ns < 1e6 else f"{ns / 1e6:.3g} ms"


def wakes(series):
    rows = [f'"{name}" {s["p50"] / 1e3:.4g} {s["p90"] / 1e3:.4g} {s["p99"] / 1e3:.4g} '
            f'{OURS if name.startswith("ntfence") else OTHERS} "{time_text(s["p50"])}"'
            for name, s in there(series, WAKES)]
    return rows, 560, "from signal to return: median (dot), p90 (cross), p99 (bar)", "x", """
set logscale x
set yrange [{count} - 0.5:-0.5]
set rmargin 14
set xlabel "us"
unset key
plot $data using 2:0:2:4:ytic(1) with xerrorbars lc "#aaaaaa" pt 7 ps 0.1, \\
     $data using 3:0 with points pt 2 ps 0.8 lc "#888888", $data using 2:0:5 with points pt 7 ps 1.2 lc rgb variable, \\
     $data using 4:0:6 with labels left offset 1,0 font ",11"
"""


def costs(series):
    imports = sorted({int(name.split(".")[3]) for name in series if name.startswith("many.ours.")})
    rows = []
    for fences in (1, 16, 128):
        if not imports:
            break
        values = [series[f"many.{who}.{fences}.{imports[-1]}"]["min"] for who in ("sink", "ours", "mutex")]
        rows.append(f"{fences} " + " ".join(f"{value:.4g}" for value in values))
    title = f"vkWaitForFences over the driver's own fences, {imports[-1] if imports else 0} others imported: ns a call"
    return rows, 480, title, "y", """
set logscale xy
set xlabel "fences in the call"
set ylabel "ns"
set xtics (1, 16, 128)
set xrange [0.9:150]
set key left top
plot $data using 1:4 with linespoints pt 7 lc "#c23b22" title "a layer with a lock and a map", \\
     $data using 1:3 with linespoints pt 7 lc "#1f6fb4" title "ntfence", \\
     $data using 1:2 with linespoints pt 7 lc "#888888" title "no layer (a sink)"
"""


def processor(series):
    found = there(series, FRAMES)
    rows = [f'"{name}" {max(s["cpu"], 1e-5) * 100:.4g} {s["p50"] / 1e3:.4g}' for name, s in found]
    plots = [f"""$data every ::{i}::{i} using 2:3 with points pt {7 if name == "ntfence" else i + 8} ps 1.6 """
             f"""lc rgb {OURS if name == "ntfence" else OTHERS} """
             f"""title "{name}: {time_text(s["p50"])}, {100 * s["cpu"]:.2g} %" """
             for i, (name, s) in enumerate(found)]
    return rows, 480, "waits of 4 ms +-5 %: median latency against processor time", "x y", """
set logscale xy
set xrange [0.1:150]
set xlabel "processor time while waiting, %"
set ylabel "us"
set key outside right top Left reverse
plot """ + ", ".join(plots) + "\n"


PICTURES = {"wake-latency": wakes, "cost-by-fences": costs, "latency-by-cpu": processor}


def draw(series, folder):
    """Writes each picture that has its numbers; the names of the files."""
    files = []
    for name, make in PICTURES.items():
        rows, height, title, grid, plot = make(series)
        if len(rows) < 2:
            continue
        out = pathlib.Path(folder) / f"{name}.svg"
        script = HEAD.format(height=height, out=out, title=title, grid=grid) + block(rows)
        script += plot.replace("{count}", str(len(rows)))
        try:
            subprocess.run(["gnuplot"], input=script, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as why:
            raise Undrawn(f"{out.name}: {why}") from why
        # Every text file says its licence.
        text = out.read_text().replace("<svg", "<!-- SPDX-License-" + "Identifier: Apache-2.0 -->\n<svg", 1)
        out.write_text(text)
        files.append(out.name)
    return files
