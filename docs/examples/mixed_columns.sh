exec 3>&1 >report.txt
mixture fit data/penguins.csv --components 3 --structure VVV \
  --family bill_length_mm+bill_depth_mm=gaussian,island=categorical 2>notes.txt
grep -v '^Best of' report.txt >&3
cat notes.txt >&3
