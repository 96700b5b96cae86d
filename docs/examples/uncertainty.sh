mixture fit data/faithful.csv --components 2 --family gaussian --structure VVV --out model.json >/dev/null
mixture errors model.json data/faithful.csv
mixture bootstrap model.json data/faithful.csv --kind weighted --replicates 199 --seed 1
