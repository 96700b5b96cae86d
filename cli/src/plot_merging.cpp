#include <algorithm>

#include "merge_text.h"
#include "plot.h"
#include "plot_parts.h"

namespace mix::cli {
namespace {

using Segments = std::vector<std::vector<double>>;  // x, y, dx, dy

}  // namespace

void plot_merging(const MergeTree& tree, Index clusters, const std::vector<std::string>& names,
                  const std::filesystem::path& file) {
  Picture picture(file, 800, 560);
  const std::vector<Index> order = dendrogram_order(tree);
  const std::vector<Index> cluster = tree.clusters(clusters);
  // Of each cluster that ever was: where it is, and how much entropy it took to get there.
  std::vector<double> place(order.size());
  std::vector<double> height(order.size(), 0);
  std::vector<Index> member;  // one of its components
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < order.size(); ++i) {
    place[static_cast<std::size_t>(order[i])] = static_cast<double>(i);
    member.push_back(static_cast<Index>(i));
    labels.push_back(names[static_cast<std::size_t>(order[i])]);
  }
  std::vector<Segments> within(static_cast<std::size_t>(clusters));
  Segments beyond;
  const Index joined_within = tree.n_components - clusters;
  for (std::size_t s = 0; s < tree.steps.size(); ++s) {
    const auto first = static_cast<std::size_t>(tree.steps[s].first);
    const auto second = static_cast<std::size_t>(tree.steps[s].second);
    const double top = std::max(0.0, tree.entropy - tree.steps[s].entropy);
    const bool inside = static_cast<Index>(s) < joined_within;
    const Index own = cluster[static_cast<std::size_t>(member[first])];
    Segments& segments = inside ? within[static_cast<std::size_t>(own)] : beyond;
    for (const std::size_t part : {first, second}) {
      segments.push_back({place[part], height[part], 0, top - height[part]});
    }
    segments.push_back({place[first], top, place[second] - place[first], 0});
    place.push_back((place[first] + place[second]) / 2);
    height.push_back(top);
    member.push_back(member[first]);
  }
  write_heading(picture, fmt::format("{} components joined by {}; {} clusters in color",
                                     tree.n_components, to_string(tree.rule), clusters));
  picture.command("{}", level_labels("x", labels));
  picture.command("set xrange [-0.6:{}]; set xlabel 'component'",
                  static_cast<double>(order.size()) - 0.4);
  picture.command("set yrange [0:{}]; set ylabel 'entropy removed (nats)'; set format y '%g'",
                  number(tree.entropy > 0 ? 1.05 * tree.entropy : 1));
  std::vector<std::string> elements;
  if (!beyond.empty()) {
    elements.push_back(
        fmt::format("{} with vectors nohead lc rgb {} lw 1.6", picture.data(beyond), rgb(gray)));
  }
  for (std::size_t c = 0; c < within.size(); ++c) {
    if (within[c].empty()) continue;
    elements.push_back(fmt::format("{} with vectors nohead lc rgb {} lw 2.6",
                                   picture.data(within[c]), rgb(series_color(c))));
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Index own = cluster[static_cast<std::size_t>(order[i])];
    elements.push_back(fmt::format("{} with points pt 7 ps 0.9*mark lc rgb {}",
                                   picture.data({{static_cast<double>(i), 0}}),
                                   rgb(series_color(static_cast<std::size_t>(own)))));
  }
  picture.command("set key off");
  picture.plot(elements);
  picture.finish();
}

}  // namespace mix::cli
