mixture compare data/discoveries.csv --families poisson,gaussian,student_t --components 1-3
