exec 3>&1 >report.txt 2>remarks.txt
mixture fit data/davis.csv --columns weight,height,repwt,repht --components 2 --structure EEE \
  --out model.json
mixture impute model.json data/davis.csv --out filled.csv
cat remarks.txt >&3
grep -n NA data/davis.csv | head -n 3 >&3
head -n 1 filled.csv >&3
sed -n "$(grep -n NA data/davis.csv | head -n 1 | cut -d: -f1)p" filled.csv >&3
