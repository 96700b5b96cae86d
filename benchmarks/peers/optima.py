#!/usr/bin/env python3
"""Which optimum do searches end in? Mixture, scikit-learn and mclust on the sets of bench_optima.

usage: optima.py [--seeds N]

scikit-learn is asked for n_init = 1 and 10 with its defaults; its passes are the EM iterations of all
runs, without those of k-means. mclust has one deterministic start. Optima with a component that Mixture
would flag are spurious, whoever finds them. Prints, for each set and method, the median gap in nats to the
best sound log-likelihood that any of them found, the share of runs within 0.1 nats of it, the medians of
passes and seconds, and the share of spurious optima, of which gaps mean nothing."""

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
        name, method, _, log_likelihood, passes, seconds, *sound = line.split()
        yield name, method, float(log_likelihood), int(passes), float(seconds), sound != ["0"]


def is_sound(weights, covariances, x):
    """Whether no component is one that Mixture flags; see docs/reference/gaussian.md."""
    n, d = x.shape
    root = numpy.linalg.inv(numpy.linalg.cholesky(numpy.cov(x.T, bias=True)))
    for weight, covariance in zip(weights, covariances):
        rows = weight * n
        smallest = numpy.linalg.eigvalsh(root @ covariance @ root.T)[0]
        if rows < d + 2 or smallest < 1e-4 or (smallest < 1e-3 and rows < 5 * d):
            return False
    return True


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
                sound = is_sound(run.weights_, run.covariances_, x)
                runs.append((run.score(x) * len(x), run.n_iter_, sound))
                if start == 0:
                    value, passes, sound = runs[0]
                    yield file.stem, "scikit-learn 1", value, passes, time.perf_counter() - begin, sound
            best, _, sound = max(runs)
            passes = sum(passes for _, passes, _ in runs)
            yield file.stem, "scikit-learn 10", best, passes, time.perf_counter() - begin, sound


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
        of_set = [outcome for key, outcomes in results.items() if key[0] == name for outcome in outcomes]
        best = max(value for value, _, _, sound in of_set if sound)
        cells = []
        for method in METHODS:
            outcomes = results[name, method]
            gaps = [best - value for value, _, _, sound in outcomes if sound]
            share = sum(gap < 0.1 for gap in gaps) / len(outcomes)
            passes = statistics.median(passes for _, passes, _, _ in outcomes)
            seconds = statistics.median(seconds for _, _, seconds, _ in outcomes)
            gap = f"{max(statistics.median(gaps), 0):.2f}" if gaps else "-"
            work = f"{passes:.0f} passes, " if passes else ""
            spurious = len(outcomes) - len(gaps)
            remark = f"; {spurious / len(outcomes):.0%} spurious" if spurious else ""
            cells.append(f"**{gap}** ({share:.0%}; {work}{seconds:.3g} s{remark})")
        print(f"| {name.rsplit('-', 1)[0]}, {name.rsplit('-', 1)[1]} | {best:.2f} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
