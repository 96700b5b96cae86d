#!/usr/bin/env python3
"""scikit-learn: GaussianMixture, KMeans, a search of its four covariance types, and a whole fit; see README.md."""

import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture
from sklearn.mixture._gaussian_mixture import _compute_precision_cholesky

COVARIANCE_TYPES = {"VVV": "full", "EEE": "tied", "VVI": "diag", "VII": "spherical"}


def timed(run):
    begin = time.perf_counter()
    result = run()
    return time.perf_counter() - begin, result


def serve(measure):
    print("scikit-learn", sklearn.__version__, flush=True)
    for _ in sys.stdin:
        print("%.6g %.12g" % measure(), flush=True)


def at_start(model, means, covariance):
    k = len(means)
    variances = np.diag(covariance)
    covariances = {
        "VVV": np.repeat(covariance[None], k, 0),
        "EEE": covariance,
        "VVI": np.repeat(variances[None], k, 0),
        "VII": np.full(k, variances.mean()),
    }[model]
    mixture = GaussianMixture(k, covariance_type=COVARIANCE_TYPES[model], reg_covar=0)
    mixture.weights_ = np.full(k, 1 / k)
    mixture.means_ = means.copy()
    mixture.covariances_ = covariances
    mixture.precisions_cholesky_ = _compute_precision_cholesky(covariances, COVARIANCE_TYPES[model])
    return mixture


def iterate_mixture(x, means, covariance, model, passes):
    if x.shape[1] == 1:
        model = "VVI"  # the same in one column, and faster

    def measure():
        # The two steps themselves: fit() would add its start and a check of the data.
        mixture = at_start(model, means, covariance)
        seconds = []
        for _ in range(passes):
            seconds.append(timed(lambda: mixture._m_step(x, mixture._e_step(x)[1]))[0])
        return float(np.mean(seconds)), mixture._e_step(x)[0]

    serve(measure)


def iterate_kmeans(x, start, passes):
    def run(n):
        kmeans = KMeans(len(start), init=start, n_init=1, max_iter=n, tol=0, algorithm="lloyd")
        return timed(lambda: kmeans.fit(x))

    _, reached = run(passes)

    def measure():
        once, _ = run(1)
        all_, _ = run(1 + passes)
        return (all_ - once) / passes, reached.inertia_ / len(x)

    serve(measure)


def search(x, directory, workload):
    def run():
        return [
            (name, k, GaussianMixture(k, covariance_type=kind, tol=1e-5, max_iter=1000, random_state=0).fit(x))
            for name, kind in COVARIANCE_TYPES.items()
            for k in range(1, 10)
        ]

    def measure():
        seconds, fits = timed(run)
        with open(f"{directory}/{workload}.scikit-learn.cells", "w") as file:
            for name, k, fit in fits:
                print(name, k, "%.12g" % (fit.score(x) * len(x)), file=file)
        return seconds, -min(fit.bic(x) for _, _, fit in fits)

    serve(measure)


def whole_fit(x, components, passes):
    """fit() alone, the rows being in memory; with its start by k-means."""

    def measure():
        mixture = GaussianMixture(components, max_iter=passes, tol=0, random_state=0)
        seconds, _ = timed(lambda: mixture.fit(x))
        return seconds, mixture.score(x)

    serve(measure)


def main():
    directory, workload, model, passes = sys.argv[1:]
    warnings.filterwarnings("ignore")

    def values(part):
        return np.ascontiguousarray(np.load(f"{directory}/{workload}.{part}.npy"))

    if model == "search":
        search(values("x"), directory, workload)
    elif model == "program":
        whole_fit(values("x"), len(values("start")), int(passes))
    elif model == "kmeans":
        iterate_kmeans(values("x"), values("start"), int(passes))
    else:
        iterate_mixture(values("x"), values("start"), values("covariance"), model, int(passes))


main()
