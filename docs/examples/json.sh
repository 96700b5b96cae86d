mixture fit data/faithful.csv --components 2 --structure VVV --json >fit.json
grep -o '"name":"[a-z_]*","structure":"[A-Z]*"' fit.json
grep -o '"bic":[0-9]*' fit.json
