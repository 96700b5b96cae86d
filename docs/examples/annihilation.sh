mixture fit data/faithful.csv --structure VVV,EEE --components mml:12
