# The best of the families that suit a column, of 1 to 3 components each, and its picture.
best() {
  mixture compare "$@" --components 1-3 --effort fast | grep -A 1 '^ *model'
}
draw() {
  mixture fit "$@" >report.txt
}
best data/danish_fire.csv
draw data/danish_fire.csv --family pareto --components 1 --plot danish_fire.svg
best data/rivers.csv
draw data/rivers.csv --family gumbel --components 2 --plot rivers.svg
best data/gagurine.csv --columns GAG
draw data/gagurine.csv --columns GAG --family lognormal --components 1 --plot gagurine.svg
best data/schizophrenia.csv --columns age
draw data/schizophrenia.csv --columns age --structure E --components 2 --plot schizophrenia.svg
best data/nmes1988_visits.csv
draw data/nmes1988_visits.csv --family negative_binomial --components 2 --plot nmes1988_visits.svg
best data/sp500_returns.csv
draw data/sp500_returns.csv --family laplace --components 1 --plot sp500_returns.svg
# Angles cannot be told from other numbers, so their families are named; they are in radians.
awk 'NR == 1 { print "angle" } NR > 1 { printf "%.15g\n", $1 * atan2(0, -1) / 180 }' data/turtles.csv >turtles.csv
best turtles.csv --families von_mises,gaussian,uniform
draw turtles.csv --family von_mises --components 2 --plot turtles.svg
