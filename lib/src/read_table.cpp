#include <algorithm>
#include <cctype>
#include <string>

#include "mix/csv.h"
#include "mix/npy.h"
#include "mix/table.h"

namespace mix {

Table read_table(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == ".npy") return read_npy(path);
  CsvOptions options;
  if (extension == ".tsv") options.separator = '\t';
  return read_csv(path, options);
}

}  // namespace mix
