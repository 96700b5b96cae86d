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

cp ./*.svg "$pictures"
