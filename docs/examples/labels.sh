exec 3>&1 >report.txt
mixture fit data/penguins.csv --columns bill_length_mm,bill_depth_mm --labels species --structure VVV
grep -v -e '^Best of' -e '^One start' report.txt >&3
