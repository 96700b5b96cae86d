mixture kmeans data/faithful.csv -k 2 --standardize | grep -v '^Best of'
