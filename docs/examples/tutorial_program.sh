# Only the pictures: the reports are shown elsewhere.
{
mixture fit data/body.csv --columns Height --components 2 --structure E --plot heights.svg
mixture fit data/heights.csv --components 2 --structure E --plot reported.svg

mixture fit data/faithful.csv --components 2 --structure VVV --plot faithful.svg
mixture fit data/faithful.csv --components 1-5 --plot ranked.svg

mixture fit data/penguins.csv --components 3 --structure VVV --plot penguins.svg \
    --family bill_length_mm+body_mass_g=gaussian,island=categorical

mixture fit data/chevron.csv --components 2 --structure VVV --noise --plot chevron.svg
} >/dev/null 2>&1
ls -- *.svg
