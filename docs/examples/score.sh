mixture fit data/iris.csv --structure VVV --components 3 --out model.json >fit.txt
mixture score model.json data/iris.csv --truth Species
