mixture test data/faithful.csv --structure EEE --components 1-5 --replicates 99 --effort fast
