#include "search/tables/table_quality.hpp"

#include <cmath>

#include "search/tables/rank_statistics.hpp"

namespace atto::search {
namespace {

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return values.empty() ? 0 : sum / double(values.size());
}

double squares_about_mean(const std::vector<double>& values) {
  const double centre = mean(values);
  double sum = 0;
  for (double value : values) sum += (value - centre) * (value - centre);
  return sum;
}

/// What every design gains at a rung, in one of the seeds that all designs have.
std::vector<double> column(const Table& table, std::size_t run, std::size_t rung) {
  std::vector<double> values;
  for (const TableDesign& design : table.designs)
    values.push_back(table.gain(design.runs[run][rung]));
  return values;
}

}  // namespace

TableQuality table_quality(const Table& table) {
  TableQuality quality;
  quality.designs = table.designs.size();
  const std::size_t top = table.rungs.size() - 1, seeds = table.common_runs();
  std::vector<double> means;
  double within = 0, freedom = 0;
  for (const TableDesign& design : table.designs) {
    std::vector<double> values;
    quality.cpu_seconds += design.score_cpu_seconds;
    for (const auto& run : design.runs) {
      values.push_back(table.gain(run[top]));
      quality.cpu_seconds += run[top].cpu_seconds;
      for (const TableResult& result : run) quality.cpu_seconds += result.probe_cpu_seconds;
    }
    quality.runs += values.size();
    means.push_back(mean(values));
    within += squares_about_mean(values);
    freedom += double(values.size()) - 1;
  }
  if (means.size() < 2) return quality;
  quality.seed_deviation = freedom > 0 ? std::sqrt(within / freedom) : 0;
  quality.design_deviation = std::sqrt(squares_about_mean(means) / (double(means.size()) - 1));
  std::vector<double> between;
  quality.to_top.assign(table.rungs.size(), 0.0);
  for (std::size_t a = 0; a < seeds; ++a) {
    const std::vector<double> ours = column(table, a, top);
    for (std::size_t b = 0; b < a; ++b) between.push_back(spearman(ours, column(table, b, top)));
    for (std::size_t rung = 0; rung < table.rungs.size(); ++rung)
      quality.to_top[rung] += spearman(column(table, a, rung), ours) / double(seeds);
  }
  quality.between_seeds = mean(between);
  return quality;
}

}  // namespace atto::search
