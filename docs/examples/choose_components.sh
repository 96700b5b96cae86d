exec 3>&1 >report.txt
mixture fit data/faithful.csv --structure EEE,VVV --components 1-5
grep -v '^Best of' report.txt >&3

exec >by_icl.txt
mixture compare data/faithful.csv --families gaussian --structure EEE,VVV --components 1-5 --criterion icl
echo >&3
head -n 6 by_icl.txt >&3
