#include <string>

#include "mix/csv.h"
#include "mix/files.h"
#include "mix/npy.h"
#include "mix/table.h"

namespace mix {

Table read_table(const std::filesystem::path& path) {
  const std::string extension = lower_extension(path);
  if (extension == ".npy") return read_npy(path);
  CsvOptions options;
  if (extension == ".tsv") options.separator = '\t';
  return read_csv(path, options);
}

}  // namespace mix
