# truncated.svg: how the cost of an iteration grows with the number of components.
#   gnuplot -c truncated.gp TABLE PICTURE   TABLE is what bench_truncated prints as CSV; see ./dev bench --plot
load system('dirname '.ARG0).'/style.gp'
table = ARG1
set terminal svg noenhanced rounded font 'Helvetica,13' background rgb 'white' size 760,380
set output ARG2

# A line of the table begins "VII/soft/1000/...",1,MILLISECONDS.
measured(structure, policy) = sprintf("< awk -F'[\",/]' '$2 == \"%s\" && $3 == \"%s\" {print $4, $8 / 1000}' %s", \
  structure, policy, table)

set multiplot layout 1,2 margins 0.085,0.985,0.13,0.82 spacing 0.09,0.1 \
  title 'Seconds per iteration, 100,000 rows of 16 columns'
set logscale xy
set format y '%g'
set xrange [80:13000]
set xlabel 'K components' offset 0,0.5
set key left top Left reverse samplen 1.6
set grid lc rgb '#DDDDDD' lw 1
do for [structure in 'VII VVV'] {
  set title (structure eq 'VII' ? 'spherical covariances' : 'full covariances') offset 0,-0.5
  plot measured(structure, 'soft') with linespoints lc rgb first lw 1.8 pt 7 ps 0.4 title 'soft', \
    measured(structure, 'search_all') with linespoints lc rgb second lw 1.8 pt 7 ps 0.4 title 'truncated:5', \
    measured(structure, 'neighbors') with linespoints lc rgb third lw 1.8 pt 7 ps 0.4 title 'truncated:5,5,1'
  unset key
}
unset multiplot
