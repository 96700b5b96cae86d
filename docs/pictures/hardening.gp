# hardening.svg: the responsibility of the second component over the plane for a shared standard
# deviation s that shrinks. Reads hardening.txt (x, y, responsibility, a block for
# each s) and data/faithful.csv.
load 'style.gp'
set terminal svg noenhanced rounded font 'Helvetica,13' background rgb 'white' size 760,265
set output 'hardening.svg'
set datafile separator ','
stats 'data/faithful.csv' skip 1 using 1:2 name 'row' nooutput
set table $rows
plot 'data/faithful.csv' skip 1 using 1:2 with table
unset table
set datafile separator whitespace
set multiplot layout 1,4 margins 0.07,0.985,0.25,0.9 spacing 0.03,0
set palette defined (0 '#7FB8D8', 0.5 '#F7F7F7', 1 '#EAAE7F')
set cbrange [0:1]
unset colorbox
set size square
set xrange [-2.5:2.5]
set yrange [-2.5:2.5]
set xtics -2,2,2
set ytics -2,2,2
set xlabel 'eruption' offset 0,0.4
do for [s in '1.2 0.8 0.4 0.05'] {
  block = s eq '1.2' ? 1 : s eq '0.8' ? 2 : s eq '0.4' ? 3 : 5
  set title 's = '.s offset 0,-0.6
  if (block == 1) { set ylabel 'waiting' offset 1.5 } else { unset ylabel; set format y '' }
  plot 'hardening.txt' index block using 1:2:3 with image, \
    $rows using (($1 - row_mean_x) / row_stddev_x):(($2 - row_mean_y) / row_stddev_y) with points pt 7 ps 0.22 lc rgb ink
}
unset multiplot
