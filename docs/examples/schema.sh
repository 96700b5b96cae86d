exec 3>&1 >report.txt 2>remarks.txt
cat >schema.json <<'END'
{
  "roles": {"ignored": ["year"]},
  "families": [
    {"family": "gaussian", "columns": ["bill_length_mm", "bill_depth_mm"], "structure": "EEE"},
    {"family": "gamma", "columns": ["body_mass_g"], "shared": ["shape"]},
    {"family": "categorical", "columns": ["island"], "prior": "data"}
  ]
}
END
mixture fit data/penguins.csv --schema schema.json --components 3 --out model.json
grep -v '^Best of' report.txt >&3
