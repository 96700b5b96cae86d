exec 3>&1 >report.txt
mixture fit data/lifetimes.csv --columns months_lo,months_hi --weights parts \
  --family weibull --components 2
grep -v '^Best of' report.txt >&3
