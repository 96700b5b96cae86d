# Starts and passes may differ between machines; N stands for their numbers, ... for the best start.
exec 3>&1 >report.txt
mixture fit data/faithful.csv --structure EEE,VVV --components 1-5
sed '/^Best of/ { s/([^)]*)/(...)/; s/[0-9][0-9]*/N/g; }' report.txt >&3

exec >by_icl.txt
mixture compare data/faithful.csv --families gaussian --structure EEE,VVV --components 1-5 --criterion icl
echo >&3
head -n 6 by_icl.txt >&3
