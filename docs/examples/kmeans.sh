exec 3>&1 >report.txt
mixture kmeans data/faithful.csv -k 2 --standardize
grep -v '^Best of' report.txt >&3
