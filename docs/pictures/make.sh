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

cp ./*.svg "$pictures"
