# Sums of twelve numbers that are spread evenly are nearly normal.
awk 'function normal(i, from,   j, x, sum) {
    for (j = 0; j < 12; ++j) { x = (i + 1) * sqrt(from + j + 0.1); sum += x - int(x) }
    return sum - 6
  }
  BEGIN { print "value,error"
    for (i = 0; i < 400; ++i) {
      error = int(i / 4) % 2 ? 1.5 : 0.2
      printf "%.3f,%.1f\n", (i % 4 ? 0 : 5) + normal(i, 2) + error * normal(i, 40), error
    } }' >measured.csv
printf 'error\n0.2\n1.5\n3\n' >blurred.csv
exec 3>&1 >report.txt
mixture fit measured.csv --family gaussian --errors error --components 2 --structure E --out model.json
mixture predict model.json measured.csv | head -n 3 | numfmt -d, --field=2- --header --round=nearest --format=%.3f
mixture sample model.json --given blurred.csv --seed 1 | numfmt -d, --field=- --header --round=nearest --format=%.3f
grep -v '^Best of' report.txt >&3
