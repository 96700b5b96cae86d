#include "picture.h"

#include <fmt/format.h>

#include <stdexcept>

#include "mix/errors.h"
#include "mix/files.h"

namespace mix::cli {

void check_picture(const std::filesystem::path& picture) {
  const std::string extension = lower_extension(picture);
  if (extension != ".svg" && extension != ".png") {
    throw std::invalid_argument(fmt::format("{}: a picture is .svg or .png, by the file's name",
                                            in_quotes(picture.string())));
  }
  check_writable(picture);
}

std::filesystem::path criterion_picture(const std::filesystem::path& picture) {
  std::filesystem::path name = picture.stem();
  name += "-criterion";
  name += picture.extension();
  return picture.parent_path() / name;
}

}  // namespace mix::cli
