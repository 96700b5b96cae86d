exec 3>&1 >report.txt
mixture fit data/betablocker.csv --family binomial --columns Deaths --trials Total \
  --groups Center --components 3 --out model.json
grep -v -e '^Best of' -e '^One start' report.txt >&3
mixture predict model.json data/betablocker.csv --groups Center | sed -n 1,4p >&3
