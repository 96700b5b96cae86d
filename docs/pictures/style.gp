# The colors of the program's own pictures.
first = '#0072B2'
second = '#D55E00'
third = '#009E73'
fourth = '#CC79A7'
bars = '#D6D6D6'
ink = '#222222'
set border 3 lc rgb '#555555' lw 1
set tics nomirror out scale 0.6 tc rgb ink
set title tc rgb ink
set key noautotitle
set boxwidth 0.92 relative
