mixture compare data/faithful.csv --families gaussian --structure EEE --components 1-5 --criterion sbic
echo
mixture compare data/faithful.csv --families gaussian --structure EEE --components 1-5 --criterion cv --repeats 3
