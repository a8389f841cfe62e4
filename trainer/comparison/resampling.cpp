#include "trainer/comparison/resampling.hpp"

#include <algorithm>
#include <stdexcept>

#include "design_specs/parallel.hpp"
#include "design_specs/seeds/random.hpp"

namespace atto::train {
namespace {

void add_scores(const det::MatchScores& scores, const std::string& what, spec::ScoreValues& to) {
  to[what + "_map"] = std::max(0.0, scores.ap);
  to[what + "_map50"] = std::max(0.0, scores.ap50);
}

spec::ScoreValues mean_of(const std::vector<det::MatchRecord>& seeds,
                          std::span<const std::int32_t> times) {
  spec::ScoreValues mean;
  for (const det::MatchRecord& record : seeds)
    for (const auto& [score, value] : scores_of(record, times))
      mean[score] += value / double(seeds.size());
  return mean;
}

std::vector<double> values_of(const std::vector<spec::ScoreValues>& all, std::string_view score) {
  std::vector<double> values;
  for (const spec::ScoreValues& one : all) values.push_back(one.find(score)->second);
  return values;
}

}  // namespace

spec::ScoreValues scores_of(const det::MatchRecord& record, std::span<const std::int32_t> times) {
  spec::ScoreValues scores;
  add_scores(det::scores_of(record, det::Overlap::Boxes, times), "box", scores);
  if (record.has_masks())
    add_scores(det::scores_of(record, det::Overlap::Masks, times), "mask", scores);
  return scores;
}

std::vector<std::int32_t> resample(int pictures, int number) {
  constexpr std::uint64_t kSeed = 0xb0075;
  const auto count = static_cast<std::size_t>(pictures);
  std::vector<std::int32_t> times(count);
  spec::Random random(spec::derive_seed({kSeed, static_cast<std::uint64_t>(number)}));
  for (std::size_t i = 0; i < count; ++i) ++times[random.below(count)];
  return times;
}

ResampledScores resampled_scores(const std::vector<det::MatchRecord>& seeds, int resamples) {
  if (seeds.empty()) throw std::invalid_argument("a side without trainings");
  ResampledScores all;
  all.pictures = seeds.front().pictures;
  for (const det::MatchRecord& record : seeds) {
    if (record.pictures != all.pictures)
      throw std::invalid_argument("trainings judged on different pictures");
    all.by_seed.push_back(scores_of(record));
  }
  all.draws.resize(static_cast<std::size_t>(resamples));
  spec::parallel_for(all.draws.size(), 1, [&](std::size_t i) {
    all.draws[i] = mean_of(seeds, resample(all.pictures, static_cast<int>(i)));
  });
  return all;
}

PairedDifference paired_difference(const ResampledScores& first, const ResampledScores& second,
                                   std::string_view score) {
  if (first.pictures != second.pictures || first.draws.size() != second.draws.size() ||
      first.draws.size() < 2)
    throw std::invalid_argument("sides judged on different pictures, or other draws of them");
  std::vector<double> differences = values_of(second.draws, score);
  const std::vector<double> from = values_of(first.draws, score);
  for (std::size_t i = 0; i < differences.size(); ++i) differences[i] -= from[i];
  const std::vector<double> before = values_of(first.by_seed, score),
                            after = values_of(second.by_seed, score);
  return paired_difference({spread_of(after).mean - spread_of(before).mean,
                            spread_of(differences).variance_of_one(), double(first.pictures - 1)},
                           before, after);
}

}  // namespace atto::train
