exec 3>&1 >report.txt
mixture fit data/gagurine.csv --family gaussian_regression --response GAG --covariates Age \
  --gate Age --structure V --components 2 --tol 1e-8
grep -v '^Best of' report.txt >&3
