# em.svg: what EM believes after some steps. Reads steps.txt (four lines: step, then weight, mean and standard
# deviation of each component) and rows.csv.
load 'style.gp'
set terminal svg noenhanced rounded font 'Helvetica,13' background rgb 'white' size 760,480
set output 'em.svg'
normal(x, w, m, s) = w * exp(-0.5 * ((x - m) / s) ** 2) / (s * sqrt(2 * pi))

stats 'rows.csv' skip 1 using 1 nooutput
n = STATS_records
width = 0.25
bin(x) = width * (floor(x / width) + 0.5)
set multiplot layout 2,2 margins 0.03,0.97,0.08,0.92 spacing 0.05,0.17
set xrange [-6:6]
set yrange [0:0.34]
set samples 200
set xtics -4,4,4
unset ytics
set border 1
do for [i = 0:3] {
  stats 'steps.txt' every ::i::i using (step = $1, w1 = $2, m1 = $3, s1 = $4, w2 = $5, m2 = $6, s2 = $7, 0) nooutput
  set title sprintf('%d steps', step) offset 0,-0.5
  plot 'rows.csv' skip 1 using (bin($1)):(1 / (n * width)) smooth freq with boxes fc rgb bars fs solid noborder, \
    normal(x, w1, m1, s1) with filledcurves y1=0 fc rgb first fs transparent solid 0.25 noborder, \
    normal(x, w2, m2, s2) with filledcurves y1=0 fc rgb second fs transparent solid 0.25 noborder, \
    normal(x, w1, m1, s1) with lines lc rgb first lw 1.6, \
    normal(x, w2, m2, s2) with lines lc rgb second lw 1.6, \
    normal(x, w1, m1, s1) + normal(x, w2, m2, s2) with lines lc rgb ink lw 2.2
}
unset multiplot
