exec 3>&1 >report.txt
awk -F, 'NR == 1 { print "deaths,total,treated" }
         NR > 1 { print $1 "," $2 "," ($4 == "Treated") }' data/betablocker.csv >trials.csv
mixture fit trials.csv --family binomial_regression --response deaths --trials total \
  --components 1-4 --tol 1e-8
grep -v '^Best of' report.txt >&3
