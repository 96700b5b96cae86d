exec 3>&1 >report.txt
mixture fit data/co2data.csv --family gaussian_regression --response CO2 --covariates GNP \
  --components 2 --structure E --tol 1e-8
grep -v '^Best of' report.txt >&3
