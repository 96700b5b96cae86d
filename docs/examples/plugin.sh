mixture fit data/faithful.csv --columns waiting --plugin plugins/libgumbel.so --family my_gumbel --components 2 --out gumbel.json >report.txt
mixture predict gumbel.json data/faithful.csv --plugin plugins/libgumbel.so | head -n 3
mixture compare data/faithful.csv --columns waiting --plugin plugins/libgumbel.so --families my_gumbel,gumbel,gamma --components 2
