mixture fit data/rivers.csv --family shifted_lognormal --components 1 --plot shifted_rivers.svg
