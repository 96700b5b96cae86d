# scaling.svg: how the cost of an iteration grows with rows, columns and components.
#   gnuplot -c scaling.gp TABLE PICTURE      TABLE is what bench_scaling prints as CSV; see ./dev bench --plot
load system('dirname '.ARG0).'/style.gp'
table = ARG1
set terminal svg noenhanced rounded font 'Helvetica,13' background rgb 'white' size 960,400
set output ARG2

# A line of the table begins "N/VVV/1000/...",1,SECONDS and ends LEAST,SHARE, times in milliseconds.
points(varied, model, column) = sprintf("< awk -F'[\",/]' '$2 == \"%s\" && $3 == \"%s\" {print $4, %s / 1000}' %s", \
  varied, model, column, table)
measured(varied, model) = points(varied, model, '$8')
least(varied, model) = points(varied, model, '$(NF-1)')

set multiplot layout 1,3 margins 0.075,0.99,0.13,0.84 spacing 0.055,0.1
set logscale xy
set format x '10^{%T}'
set format y '%.0e'
set ylabel 'seconds per iteration' offset 1,0 tc rgb ink
set key at graph 0.03,0.98 left top Left reverse samplen 1.6
set grid lc rgb '#DDDDDD' lw 1
do for [varied in 'N D K'] {
  set title (varied eq 'N' ? 'rows (4 columns, K = 8)' : \
    varied eq 'D' ? 'columns (20000 rows, K = 8)' : 'components (20000 rows, 16 columns)')
  set format x (varied eq 'N' ? '%.0e' : '%.0f')
  plot measured(varied, 'VVV') with linespoints lc rgb first lw 1.8 pt 7 ps 0.4 title 'VVV', \
    least(varied, 'VVV') with lines lc rgb first lw 1 dt 3 title '', \
    measured(varied, 'VVI') with linespoints lc rgb second lw 1.8 pt 7 ps 0.4 title 'VVI', \
    least(varied, 'VVI') with lines lc rgb second lw 1 dt 3 title '', \
    measured(varied, 'kmeans') with linespoints lc rgb third lw 1.8 pt 7 ps 0.4 title 'k-means', \
    least(varied, 'kmeans') with lines lc rgb third lw 1 dt 3 title '(dotted: least time)'
  unset key
  set ylabel ''
}
unset multiplot
