#!/usr/bin/env python3
"""Which optimum do searches end in? Mixture, scikit-learn and mclust on the sets of bench_optima.

usage: optima.py [--seeds N]

scikit-learn is asked for n_init = 1 and 10 with its defaults; its passes are the EM iterations of all
runs, without those of k-means. mclust has one deterministic start. Prints, for each set and method, the
median gap in nats to the best log-likelihood that any of them found, the share of runs within 0.1 nats
of it, and the medians of passes and seconds."""

import argparse
import collections
import pathlib
import statistics
import subprocess
import time
import warnings

import numpy
from sklearn.mixture import GaussianMixture

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BENCH = ROOT / "build/release/benchmarks/bench_optima"
SETS = ROOT / "build/bench-data/optima"
METHODS = ["default", "fast", "restarts", "scikit-learn 10", "scikit-learn 1", "mclust"]


def parse(text):
    for line in text.splitlines():
        name, method, _, log_likelihood, passes, seconds = line.split()
        yield name, method, float(log_likelihood), int(passes), float(seconds)


def scikit_learn(files, seeds):
    warnings.filterwarnings("ignore")
    for file in files:
        x = numpy.loadtxt(file, delimiter=",")
        components = int(file.stem.rsplit("-", 1)[1])
        for seed in range(seeds):
            runs = []
            begin = time.perf_counter()
            for start in range(10):
                run = GaussianMixture(components, random_state=10 * seed + start).fit(x)
                runs.append((run.score(x) * len(x), run.n_iter_))
                if start == 0:
                    yield file.stem, "scikit-learn 1", *runs[0], time.perf_counter() - begin
            best = max(log_likelihood for log_likelihood, _ in runs)
            passes = sum(passes for _, passes in runs)
            yield file.stem, "scikit-learn 10", best, passes, time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    subprocess.run([BENCH, "--sets", SETS], check=True)
    files = sorted(SETS.glob("*.csv"))
    ours = subprocess.run([BENCH, "--seeds", str(seeds)], check=True, capture_output=True, text=True)
    mclust = subprocess.run(["Rscript", ROOT / "benchmarks/peers/mclust_optima.R", *files],
                            check=True, capture_output=True, text=True)
    results = collections.defaultdict(list)
    for name, method, *outcome in [*parse(ours.stdout), *parse(mclust.stdout), *scikit_learn(files, seeds)]:
        results[name, method].append(outcome)
    print(f"| set, K | best | {' | '.join(METHODS)} |")
    print("|---" * (2 + len(METHODS)) + "|")
    for name in dict.fromkeys(name for name, _ in results):
        best = max(outcome[0] for key, outcomes in results.items() if key[0] == name for outcome in outcomes)
        cells = []
        for method in METHODS:
            outcomes = results[name, method]
            gap = statistics.median(best - value for value, _, _ in outcomes)
            share = sum(best - value < 0.1 for value, _, _ in outcomes) / len(outcomes)
            passes = statistics.median(passes for _, passes, _ in outcomes)
            seconds = statistics.median(seconds for _, _, seconds in outcomes)
            work = f"{passes:.0f} passes, " if passes else ""
            cells.append(f"**{gap:.2f}** ({share:.0%}; {work}{seconds:.3g} s)")
        print(f"| {name.rsplit('-', 1)[0]}, {name.rsplit('-', 1)[1]} | {best:.2f} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
