#!/usr/bin/env python3
"""Derives cases.json from a collection of reference fits: the families that the suite runs, on data
files that the project keeps, with what a test needs to judge a fit.

usage: derive_cases.py COLLECTION.json OUT.json
"""

import json
import sys

FAMILIES = [
    "gaussian", "gaussian_labels", "gaussian_noise", "student_t", "poisson", "poisson_independent",
    "multinomial", "lca", "bernoulli", "binomial", "exponential", "kmeans",
    "geometric", "negative_binomial",
    "gamma", "weibull", "von_mises", "vmf", "gaussian_missing",
    "regression_gaussian", "regression_poisson", "regression_binomial",
]
KEPT = [
    "id", "family", "data_file", "columns", "label_columns", "model", "k", "n", "d", "dof_mode",
    "rows", "transform", "standardised", "noise_volume", "noise_start", "loglik",
    "loglik_one_mstep", "inertia", "npar", "bic", "confidence", "tol", "rel_tol", "bounded",
    "min_nk", "min_eig_ratio",
]



def regression_columns(case):
    """Covariates, response and trials of a formula, in the form of other cases' columns."""
    names = {"Treated": "Treatment=Treated", "log(x+10)": "log(10+x)"}
    columns = [names.get(name, name.replace("Species ", "Species=")) for name in case["coef_names"][1:]]
    response, _, trials = case["formula"].split(" ~ ")[0].partition("/")
    return columns + [response] + (["trials: " + trials] if trials else [])


collection, out = sys.argv[1:]
with open(collection, encoding="utf-8") as file:
    cases = json.load(file)["cases"]
derived = []
for case in cases:
    if case["family"] not in FAMILIES or not case["data_file"].startswith("data/"):
        continue
    if "loglik" not in case and "inertia" not in case:
        continue
    kept = {key: case[key] for key in KEPT if key in case}
    # Programs that stop the orientation step early differ in the eighth digit: keep each one's value.
    steps = [source["one_mstep"] for source in case.get("sources", []) if "one_mstep" in source]
    if steps and case["confidence"] == "solid":
        kept["loglik_one_mstep"] = steps
    if case["family"].startswith("regression_"):
        kept["columns"] = regression_columns(case)
        if case["family"] == "regression_gaussian":
            kept["model"] = "E" if "one common variance" in case["formula"] else "V"
        if "row with height <= 100" in case["formula"]:
            kept["more_than"] = {"height": 100}
    kept["data_file"] = case["data_file"].removeprefix("data/")
    derived.append(kept)
with open(out, "w", encoding="utf-8") as file:
    file.write("[\n" + ",\n".join(json.dumps(case) for case in derived) + "\n]\n")
