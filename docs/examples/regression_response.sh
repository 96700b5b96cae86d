mixture fit data/gagurine.csv --family gaussian_regression --response GAG --covariates Age \
  --gate Age --structure V --components 2 --tol 1e-8 --out model.json >report.txt
printf 'Age\n1\n2\n5\n15\n' >ages.csv
mixture regress model.json ages.csv --predict GAG | numfmt -d, --field=- --header --round=nearest --format=%.2f
mixture sample model.json --given ages.csv --labels --seed 1 |
  numfmt -d, --field=2 --header --round=nearest --format=%.2f
