exec 3>&1 >report.txt
mixture compare data/fabricfault.csv --response Faults --components 1-3 --tol 1e-8 \
  --families poisson_regression,negative_binomial_regression
grep -v '^Best of' report.txt >&3
