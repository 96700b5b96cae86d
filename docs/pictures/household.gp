# household.svg: the shares of who does a task. Reads tasks.txt (group, task, counts of wife,
# alternating, husband, jointly), sorted by group.
load 'style.gp'
set terminal svg noenhanced rounded font 'Helvetica,13' background rgb 'white' size 760,380
set output 'household.svg'
set style data histograms
set style histogram rowstacked
set style fill solid 0.85 border rgb 'white'
set boxwidth 0.8
set border 1
set yrange [0:100]
unset ytics
set xtics rotate by -40 left scale 0
set key outside top center horizontal samplen 1.2
set label 1 '% of couples' at graph -0.02,0.5 rotate center
total(row) = column(3) + column(4) + column(5) + column(6)
# A bar of no height and an empty label between the groups.
plot 'tasks.txt' using (100 * $3 / total(0)):xtic(2) lc rgb first title 'wife', \
  '' using (100 * $4 / total(0)) lc rgb third title 'alternating', \
  '' using (100 * $5 / total(0)) lc rgb second title 'husband', \
  '' using (100 * $6 / total(0)) lc rgb fourth title 'jointly'
