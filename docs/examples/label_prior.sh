# Of every tenth penguin somebody thinks to know the species, with a confidence of 80 %.
awk -F, 'NR == 1 { print $0 ",Adelie,Chinstrap,Gentoo"; next }
         NR % 10 { print $0 ",,,"; next }
         { print $0 "," ($1 == "Adelie" ? 8 : 1) "," ($1 == "Chinstrap" ? 8 : 1) "," \
                        ($1 == "Gentoo" ? 8 : 1) }' data/penguins.csv >opinions.csv
mixture fit opinions.csv --columns bill_length_mm,bill_depth_mm --structure EEE \
  --label-prior Adelie,Chinstrap,Gentoo >report.txt
grep -v -e '^Best of' -e '^One start' report.txt
