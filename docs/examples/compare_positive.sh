mixture compare data/gagurine.csv --columns GAG --components 1-2
