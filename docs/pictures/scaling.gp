# scaling.svg: how the cost of an iteration grows with rows, columns and components.
#   gnuplot -c scaling.gp TABLE PICTURE      TABLE is what bench_scaling prints as CSV; see ./dev bench --plot
load system('dirname '.ARG0).'/style.gp'
table = ARG1
set terminal svg noenhanced rounded font 'Helvetica,13' background rgb 'white' size 960,400
set output ARG2

# A line of the table begins "N/VVV/1000/...",1,MILLISECONDS and ends LEAST,SHARE.
points(varied, model, column) = sprintf("< awk -F'[\",/]' '$2 == \"%s\" && $3 == \"%s\" {print $4, %s / 1000}' %s", \
  varied, model, column, table)
measured(varied, model) = points(varied, model, '$8')
least(varied, model) = points(varied, model, '$(NF-1)')

set multiplot layout 1,3 margins 0.06,0.985,0.1,0.82 spacing 0.065,0.1 \
  title 'Seconds per iteration, and dotted the least that the machine allows'
set logscale xy
set format y '%.0e'
set xtics font ',11'
set ytics font ',11'
set key right bottom Left reverse samplen 1.6
set grid lc rgb '#DDDDDD' lw 1
do for [varied in 'N D K'] {
  set title (varied eq 'N' ? 'n rows, d = 4, K = 8' : \
    varied eq 'D' ? 'd columns, n = 20000, K = 8' : 'K components, n = 20000, d = 16') offset 0,-0.5
  set format x (varied eq 'N' ? '%.0e' : '%.0f')
  if (varied eq 'N') { set xrange [700:15e6]; set xtics 1e3,100 } else { set xrange [0.8:640]; set xtics 1,8 }
  plot measured(varied, 'VVV') with linespoints lc rgb first lw 1.8 pt 7 ps 0.4 title 'VVV', \
    measured(varied, 'VVI') with linespoints lc rgb second lw 1.8 pt 7 ps 0.4 title 'VVI', \
    measured(varied, 'kmeans') with linespoints lc rgb third lw 1.8 pt 7 ps 0.4 title 'k-means', \
    least(varied, 'VVV') with lines lc rgb first lw 1.6 dt 3, \
    least(varied, 'VVI') with lines lc rgb second lw 1.6 dt 3, \
    least(varied, 'kmeans') with lines lc rgb third lw 1.6 dt 3
  unset key
}
unset multiplot
