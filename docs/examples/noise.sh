exec 3>&1 >report.txt
mixture fit data/chevron.csv --columns x,y --components 2 --structure VVV --noise
grep -v '^Best of' report.txt >&3
