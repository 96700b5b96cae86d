#!/usr/bin/env python3
"""Times Mixture and its peers in turns on the same files and prints one table; see README.md.

usage: compare.py [--rounds N] [--seconds S] [--update-docs] [--all] [WORKLOAD[/MODEL]...]"""

import argparse
import datetime
import functools
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build/release/benchmarks"
DATA = ROOT / "build/bench-data"
DOCS = ROOT / "docs/design/performance.md"
BEGIN = "<!-- figures: written by ./dev bench --peers --update-docs -->"
END = "<!-- end of figures -->"
THREADS = 2

PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's scikit-learn
DRIVERS = {
    "Mixture": [str(BUILD / "peers/peer_mixture")],
    "scikit-learn": [PYTHON, str(HERE / "scikit_learn.py")],
    "mclust": ["Rscript", str(HERE / "mclust.R")],
    "Armadillo": [str(BUILD / "peers/peer_armadillo")],
    "OpenCV": [str(BUILD / "peers/peer_opencv")],
    "flexmix": ["Rscript", str(HERE / "flexmix.R")],
}

# (workload, model): iterations, peers, and the peers left out unless --all: more than 5 s per iteration.
TASKS = {
    ("a", "VVV"): (4, "scikit-learn mclust Armadillo OpenCV", ""),
    ("a", "VVI"): (4, "scikit-learn mclust Armadillo OpenCV", ""),
    ("a", "VII"): (4, "scikit-learn mclust", ""),
    ("b", "VVV"): (3, "scikit-learn mclust Armadillo", "OpenCV"),
    ("b", "VVI"): (3, "scikit-learn mclust Armadillo OpenCV", ""),
    ("b", "VII"): (3, "scikit-learn mclust", ""),
    ("b", "EEE"): (3, "scikit-learn mclust", ""),
    ("c", "VVV"): (2, "scikit-learn Armadillo", "mclust OpenCV"),
    ("c", "VVI"): (3, "scikit-learn mclust Armadillo OpenCV", ""),
    ("d", "VVV"): (2, "scikit-learn", "mclust Armadillo OpenCV"),
    ("e", "VVV"): (10, "scikit-learn mclust Armadillo", ""),
    ("f1", "kmeans"): (5, "scikit-learn Armadillo OpenCV", ""),
    ("f2", "kmeans"): (3, "scikit-learn Armadillo OpenCV", ""),
    ("f3", "kmeans"): (3, "scikit-learn Armadillo OpenCV", ""),
    ("g1", "poisson"): (5, "flexmix", ""),
    ("g2", "poisson"): (5, "flexmix", ""),
    ("g3", "categorical"): (5, "", ""),
    ("g4", "multinomial"): (3, "", ""),
    ("h", "search"): (0, "mclust scikit-learn", ""),
    ("i", "search"): (0, "mclust scikit-learn", ""),
    ("w", "program"): (20, "scikit-learn", ""),
}
# OpenCV's k-means computes with floats.
TOLERANCE = {"OpenCV": 1e-5}

CORES = ["", "Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids"]
TIME_PRODUCTS = """
import time
import numpy as np
shapes = [(200000, 16, 16), (100000, 64, 64), (20000, 256, 256), (256, 128, 256)]
seconds = 0
for m, k, n in shapes:
    a, b, times = np.ones((m, k)), np.ones((k, n)), []
    for _ in range(15):
        begin = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - begin)
    seconds += min(times) / (m * k * n)
try:
    import threadpoolctl
    name = next(i["architecture"] for i in threadpoolctl.threadpool_info() if i["internal_api"] == "openblas")
except Exception:
    name = "unknown"
print(name, seconds)
"""


def say(text):
    print("--", text, file=sys.stderr, flush=True)


def environment(core):
    env = dict(os.environ)
    env.update(OMP_NUM_THREADS=str(THREADS), OPENBLAS_NUM_THREADS=str(THREADS))
    env.pop("OPENBLAS_CORETYPE", None)
    if core:
        env["OPENBLAS_CORETYPE"] = core
    return env


def fastest_core():
    """The OPENBLAS_CORETYPE with the fastest products of matrices of the shapes of an E-step."""
    names, seconds = {}, {core: [] for core in CORES}
    for _ in range(3):
        for core in CORES:
            output = subprocess.run(
                real_time_prefix() + [PYTHON, "-c", TIME_PRODUCTS], env=environment(core), capture_output=True, text=True, check=True
            ).stdout.split()
            names[core] = output[0]
            seconds[core].append(float(output[1]))
    time_of = {core: min(each) for core, each in seconds.items()}
    best = min(CORES, key=time_of.get)
    if time_of[best] > 0.97 * time_of[""]:
        best = ""
    by_itself = f"OpenBLAS takes {names['']} by itself"
    text = by_itself if not best else f"{by_itself}, but OPENBLAS_CORETYPE={best} is {time_of[''] / time_of[best]:.2f} times faster and was set"
    return best, text


def measured_limits():
    output = subprocess.run(
        real_time_prefix() + [str(BUILD / "bench_limits"), "--benchmark_format=json"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {b["name"].removesuffix("/manual_time"): (b["rate"], b["label"]) for b in json.loads(output)["benchmarks"]}


@functools.cache
def real_time_prefix():
    """For the programs that are measured; empty when the real-time class is not permitted, or not wanted."""
    prefix = ["chrt", "-f", "1"]
    if os.environ.get("MIXTURE_NORMAL_CLASS"):
        return []
    try:
        return prefix if subprocess.run(prefix + ["true"], capture_output=True).returncode == 0 else []
    except FileNotFoundError:
        return []


class Driver:
    def __init__(self, name, workload, model, passes, env):
        self.name = name
        command = real_time_prefix() + DRIVERS[name] + [str(DATA), workload, model, str(passes)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.title = self.process.stdout.readline().strip()
        self.seconds, self.value, self.used = [], math.nan, 0.0
        self.undisturbed = True

    def measure(self):
        begin = time.monotonic()
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if len(answer) != 2:
            raise RuntimeError(f"{self.name} gave no answer")
        self.seconds.append(float(answer[0]))
        self.value = float(answer[1])
        self.used += time.monotonic() - begin
        # Some systems take the class away from programs that use it for long.
        self.undisturbed &= os.sched_getscheduler(self.process.pid) == os.SCHED_FIFO

    def close(self):
        self.process.stdin.close()
        self.process.wait()


@functools.cache
def make_data(workload):
    """Once in a run, and always anew: the recipe may have changed."""
    say(f"making workload {workload}")
    subprocess.run(DRIVERS["Mixture"] + ["write", str(DATA), workload], check=True)


def work_of(workload, model):
    file = DATA / f"{workload}.work"
    lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return next(([float(x) for x in line[1:]] for line in lines if line[0] == model), None)


def least_seconds(work, limits):
    rate = lambda name: limits[f"{name}/{THREADS}"][0]
    flops, exps, size = work
    return max(flops / rate("fma_double") + exps / rate("exp_double"), size / rate("read_dram"))


def worse_cells(workload, peer):
    """Cells of a search whose log-likelihood is below the peer's, and the number of cells compared."""

    def cells(name):
        rows = (line.split() for line in (DATA / f"{workload}.{name}.cells").read_text().splitlines())
        return {(row[0], row[1]): float(row[2]) for row in rows}

    ours, theirs = cells("Mixture"), cells(peer)
    common = [cell for cell in theirs if cell in ours and math.isfinite(theirs[cell])]
    worse = [cell for cell in common if not ours[cell] >= theirs[cell] - 0.01]
    return worse, len(common)


def agreement(driver, ours, workload, model):
    if driver is ours:
        return ""
    if model == "search":
        worse, common = worse_cells(workload, driver.name)
        names = " ".join(f"{name}:{k}" for name, k in worse[:12])
        return f"Mixture is below it in {len(worse)} of {common} cells{': ' + names if worse else ''}"
    if model == "program":
        return "fit() alone"
    difference = abs(driver.value - ours.value) / max(1, abs(ours.value))
    if difference <= TOLERANCE.get(driver.name, 1e-8):
        return f"equal to {min(12, max(0, math.floor(-math.log10(max(difference, 1e-12)))))} digits"
    return f"DIFFERS: {driver.value:.10g} against {ours.value:.10g}"


def compare(workload, model, options, env):
    """Runs one task; returns rows (driver, seconds of each round, ratio, agreement)."""
    passes, names, slow = TASKS[workload, model]
    make_data(workload)
    drivers = []
    for name in ["Mixture"] + names.split() + (slow.split() if options.all else []):
        say(f"{workload} {model}: {name} reads its data")
        drivers.append(Driver(name, workload, model, passes, env))
    say(f"{workload} {model}: measuring")
    for _ in range(options.rounds):
        for driver in drivers:
            if driver.used < options.seconds:
                time.sleep(0.05)  # threads of the one before may still wait actively
                driver.measure()
    ours = drivers[0]
    rows = []
    for driver in drivers:
        driver.close()
        ratio = statistics.median(a / b for a, b in zip(driver.seconds, ours.seconds))
        rows.append((driver, driver.seconds, ratio, agreement(driver, ours, workload, model)))
    return rows


def readable(seconds):
    if seconds <= 0:
        return "disturbed"
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.2g} us"


def machine():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")
    number = {
        key: next((line.split(":")[1].strip() for line in lines if line.startswith(key + "\t")), "?")
        for key in ("cpu family", "model")
    }
    return f"{name} (family {number['cpu family']}, model {number['model']}), {os.cpu_count()} cores"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20, help="a program sits out after that much time on a task")
    parser.add_argument("--all", action="store_true", help="also the peers that take more than 5 s per iteration")
    parser.add_argument("--update-docs", action="store_true")
    options = parser.parse_args()

    tasks = [t for t in TASKS if not options.workloads or t[0] in options.workloads or "/".join(t) in options.workloads]
    if not tasks:
        sys.exit("compare.py: no such workload; there are " + ", ".join("/".join(t) for t in TASKS))
    core, blas = fastest_core()
    say(blas)
    env = environment(core)
    first = measured_limits()
    results, failures = [], []
    for task in tasks:
        try:
            results.append((task, compare(*task, options, env)))
            for driver, seconds, ratio, remark in results[-1][1]:
                say(f"{'/'.join(task)}: {driver.title} {readable(statistics.median(seconds))}, ratio {ratio:.3g} {remark}")
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            failures.append(f"{'/'.join(task)}: {error}")
            say(f"failed: {failures[-1]}")
    last = measured_limits()
    limits = {name: max(first[name], last[name]) for name in first}

    drivers = [driver for _, rows in results for driver, *_ in rows]
    in_real_time = sum(driver.undisturbed for driver in drivers)
    text = [
        f"{datetime.date.today()}; {machine()}; {THREADS} threads, "
        + f"{in_real_time} of {len(drivers)} measurements entirely in the real-time class; {blas}.",
        f"Command: `./dev bench --peers {' '.join(sys.argv[1:])}`. Load average {os.getloadavg()[0]:.1f}. Mixture is compiled with -O2 for any x86-64 and used {limits['fma_double/1'][1]}; "
        "C++ peers with -O3 -march=native -fopenmp.",
        "",
        "| limit | 1 thread | 2 threads |",
        "|---|---|---|",
    ]
    units = {"fma_double": "GF/s", "fma_float": "GF/s", "exp_double": "G/s", "read_l2": "GB/s", "read_dram": "GB/s"}
    for name, unit in units.items():
        text.append(f"| {name} | {limits[name + '/1'][0] / 1e9:.3g} {unit} | {limits[name + '/2'][0] / 1e9:.3g} {unit} |")
    text += ["", "| workload | model | program | per iteration | fastest | ratio to Mixture | share of limits | result |",
             "|---|---|---|---|---|---|---|---|"]
    for (workload, model), rows in results:
        work = work_of(workload, model)
        least = least_seconds(work, limits) if work else None
        for driver, seconds, ratio, remark in rows:
            median = statistics.median(seconds)
            share = f"{100 * least / median:.3g} %" if least else ""
            text.append(
                f"| {workload} | {model} | {driver.title} | {readable(median)} | {readable(min(seconds))} "
                f"| {ratio:.3g} | {share} | {remark} |"
            )
    table = "\n".join(text)
    print(table)
    if failures:
        sys.exit("compare.py: failed, and the documentation is as it was: " + "; ".join(failures))
    if options.update_docs:
        page = DOCS.read_text()
        head, rest = page.split(BEGIN)
        tail = rest.split(END)[1]
        DOCS.write_text(f"{head}{BEGIN}\n{table}\n{END}{tail}")


main()
