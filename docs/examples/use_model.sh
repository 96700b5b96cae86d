mixture fit data/faithful.csv --components 3 --structure EEE --tol 1e-8 --out model.json >report.txt
mixture info model.json
mixture predict model.json data/faithful.csv --out labels.csv
head -n 3 labels.csv | cut -d, -f1
mixture sample model.json -n 1000 --seed 7 --out sample.csv
wc -l <sample.csv
