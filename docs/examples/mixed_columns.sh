exec 3>&1 >report.txt 2>remarks.txt
mixture fit data/penguins.csv --components 3 --structure EEE \
  --family bill_length_mm+bill_depth_mm=gaussian,island=categorical
grep -v '^Best of' report.txt >&3
cat remarks.txt >&3
