#!/usr/bin/env bash
# make.sh [BUILD]: draws every picture of the documentation anew, with the program and the examples
# built in BUILD (by default build/release).
set -euo pipefail

pictures=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
examples=$pictures/../examples
build=$(cd "${1:-$pictures/../../build/release}" && pwd)
PATH=$build/cli:$PATH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
ln -s "$examples/data" data
cp "$pictures"/*.gp .

# Two recipes, each with rows drawn from it.
"$build/docs/tutorial_recipe" >/dev/null
"$build/docs/tutorial_widgets" >/dev/null
for recipe in recipe widgets; do
  mixture sample $recipe.json -n 1000 --out rows.csv
  mixture plot $recipe.json rows.csv --out $recipe.svg
done

# EM step by step.
mixture sample recipe.json -n 5000 --seed 1 --out rows.csv
"$build/docs/tutorial_em" | sed -n '/^step/ { s/of N//g; s/[^-0-9. ]/ /g; p }' | sed '/^ *\(1\|2\|20\) /d' >steps.txt
gnuplot em.gp

bash -euo pipefail "$examples/tutorial_program.sh" >/dev/null

bash -euo pipefail "$examples/shifted_rivers.sh" >/dev/null

# Household tasks by group: a line "5 25 65  5 %: Driving ..." per group.
"$build/docs/tutorial_counts" | awk -F: '
  FNR == NR && / %:/ { ++groups; n = split($2, tasks, " "); for (i = 1; i <= n; ++i) group[tasks[i]] = groups }
  FNR != NR { split($0, cell, ","); if (cell[1] in group) print group[cell[1]], cell[1], cell[5], cell[2], cell[3], cell[4] }
' - data/housetasks.csv | sort -n | awk 'NR > 1 && $1 != last { print "- \"\" 0 0 0 0" } { print; last = $1 }' >tasks.txt
gnuplot household.gp

# The limit of k-means.
"$build/docs/tutorial_kmeans" >/dev/null
gnuplot hardening.gp

# A family each, on the pages of those that no other picture shows.
draw() {  # FAMILY DATA OPTIONS...
  mixture fit "${@:2}" --family "$1" --seed 1 --plot "family-$1.svg" >report.txt
}
awk -F, 'NR == 1 { print "share" } NR > 1 { print $1 / $2 }' data/betablocker.csv >shares.csv
draw normal data/faithful.csv --columns waiting --components 2
draw gamma data/gagurine.csv --columns GAG --components 2
draw inverse_gaussian data/rivers.csv --components 2
draw inverse_gamma data/rivers.csv --components 1
draw weibull data/faithful.csv --columns eruptions --components 2
draw rayleigh data/rivers.csv --components 2
draw exponential data/rivers.csv --components 1
draw logistic data/davis.csv --columns height --components 2
draw skew_normal data/penguins.csv --columns body_mass_g --components 2
draw skew_t data/gagurine.csv --columns GAG --components 1
draw beta shares.csv --components 2
draw student_t data/davis.csv --columns weight --components 1
draw poisson data/discoveries.csv --components 2
draw geometric data/quine.csv --columns Days --components 2
draw zero_inflated_poisson data/dmft.csv --columns Begin --components 1
draw truncated_normal data/faithful.csv --columns waiting --components 2 --bounds 40,100
draw free_uniform data/faithful.csv --columns eruptions --components 2
draw shifted_exponential data/rivers.csv --components 1

draw bernoulli data/lsat6.csv --components 2
draw categorical data/haireyecolor_table.csv --weights Freq --components 2
draw multinomial data/housetasks.csv --components 3
draw dirichlet_multinomial data/housetasks.csv --components 3
awk -F, 'NR == 1 { print "1967,1968,1969,1970,1971,women" }
         NR > 1 { for (t = 5; t > 0; --t) printf "%d,", ($t != "No"); print $6 }' \
  data/heckman_table.csv >women.csv
draw markov_chain women.csv --weights women --components 2
measures=$(head -n 1 data/body.csv | cut -d, -f-21)
draw factor_analyzers data/body.csv --columns "$measures" --structure UUU --factors 4 --components 2
draw gaussian_regression data/co2data.csv --response CO2 --covariates GNP --structure E --components 2
draw poisson_regression data/fabricfault.csv --response Faults --components 2
draw negative_binomial_regression data/fabricfault.csv --response Faults --components 1
awk -F, 'NR == 1 { print "deaths,total,treated" }
         NR > 1 { print $1 "," $2 "," ($4 == "Treated") }' data/betablocker.csv >trials.csv
draw binomial_regression trials.csv --response deaths --trials total --components 3

# Of families that the program names by their options.
mixture fit data/mehta.csv --family binomial --trials Total --columns Response,Total \
  --components 2 --seed 1 --plot family-binomial-trials.svg >report.txt
mixture fit data/housetasks.csv --family poisson --prior data --components 3 --seed 1 \
  --plot family-with_imaginary_rows.svg >report.txt 2>&1
mixture fit data/faithful.csv --columns waiting --plugin "$build/plugins/libgumbel.so" \
  --family my_gumbel --components 2 --seed 1 --plot family-autodiff.svg >report.txt
mixture fit data/gagurine.csv --family gaussian_regression --response GAG --covariates Age \
  --gate Age --structure V --components 2 --plot family-gated.svg >report.txt
mixture fit data/lifetimes.csv --columns months_lo,months_hi --weights parts --family weibull \
  --components 2 --plot family-interval_censored.svg >report.txt
bash -euo pipefail "$examples/errors.sh" >/dev/null
mixture plot model.json measured.csv --out family-deconvolved_gaussian.svg

# Of models that the examples in C++ fit, on the rows that they draw.
"$build/docs/beta_binomial" >/dev/null
for family in binomial beta_binomial; do
  mixture plot $family.json data/saxony.csv --weights freq --out family-$family.svg
done
on_own_rows() {  # FAMILY ROWS
  "$build/docs/$1" >/dev/null
  mixture sample recipe.json -n "$2" --seed 1 --out rows.csv
  mixture plot "$1.json" rows.csv --out "family-$1.svg"
}
on_own_rows dirichlet 500
on_own_rows von_mises_fisher 500
on_own_rows frozen 5000
on_own_rows restricted 2000

cp ./*.svg "$pictures"
