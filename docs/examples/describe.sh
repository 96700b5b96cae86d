mixture fit data/faithful.csv --components 2 --structure VVV --tol 1e-8 --out model.json >report.txt
mixture describe model.json
mixture describe model.json --given eruptions=3 --quantiles 0.05,0.95
printf 'eruptions\n1.8\n3\n4.5\n' >new.csv
mixture regress model.json new.csv --predict waiting | numfmt -d, --field=- --header --format=%.2f
