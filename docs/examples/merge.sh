mixture fit data/faithful.csv --structure VVV --components 4 --out four.json >fit.txt
mixture merge four.json data/faithful.csv --out two.json --plot dendrogram.svg
mixture predict two.json data/faithful.csv --uncertainty --out clusters.csv
echo
head -n 4 clusters.csv | sed 's/\(\.[0-9]\{3\}\)[0-9]*/\1/g'
