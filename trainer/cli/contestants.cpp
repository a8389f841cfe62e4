#include "trainer/cli/contestants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "design_specs/errors.hpp"
#include "prototypes/network/identity.hpp"
#include "search/cli/path_kind.hpp"
#include "trainer/cli/trained_network.hpp"

namespace atto::cli {
namespace {

namespace fs = std::filesystem;

std::string hash_of(const net::TrainedModel& training) {
  return net::hash_text(training.detector ? net::structure_hash(*training.detector)
                                          : net::structure_hash(training.network));
}

/// A winner's folder in a campaign: the finalist's trainings, one a seed, lie among the trials.
std::vector<net::TrainedModel> trainings_of_winner(const fs::path& winner,
                                                   const TrainedSource& source) {
  const std::optional<net::TaskInput> unsaid = unsaid_input(source);
  const net::Prototype design = net::read_prototype(winner / net::kDesignName);
  net::TrainedModel own = net::read_training_of(design, winner, unsaid);
  const fs::path trials = winner.parent_path() / "trials" / hash_of(own);
  std::vector<net::TrainedModel> trainings;
  for (int replica = 0;; ++replica) {
    const fs::path weights = trials / fmt::format("final{}", replica) / net::kWeightsName;
    if (!fs::exists(weights)) break;
    trainings.push_back(net::read_training_of(design, weights, unsaid));
  }
  if (trainings.empty()) trainings.push_back(std::move(own));
  return trainings;
}

std::vector<fs::path> winners_of(const fs::path& campaign) {
  std::vector<fs::path> winners;
  for (const auto& entry : fs::directory_iterator(campaign))
    if (entry.path().filename().string().starts_with("winner") &&
        fs::exists(entry.path() / net::kWeightsName))
      winners.push_back(entry.path());
  std::sort(winners.begin(), winners.end());
  if (winners.empty())
    throw SpecError({{campaign.string(), "", "the campaign has no winner yet", ""}});
  return winners;
}

Contestant trained(std::string name, std::vector<net::TrainedModel> trainings) {
  Contestant contestant;
  contestant.name = std::move(name);
  contestant.design_hash = hash_of(trainings.at(0));
  contestant.trainings = std::move(trainings);
  return contestant;
}

Contestant kept(KeptResult result) {
  Contestant contestant;
  contestant.name = result.network;
  contestant.design_hash = result.design_hash;
  contestant.results.push_back(std::move(result));
  return contestant;
}

std::vector<Contestant> contestants_of(const TrainedSource& source) {
  const fs::path& path = source.path;
  const auto wanted = {PathKind::Weights, PathKind::Training, PathKind::Campaign,
                       PathKind::KeptResult};
  if (path.extension() == ".safetensors")  // even if it is a damaged one
    expect_kind(path, "atto compare", wanted);
  else if (const auto json = read_if_json(path, "atto compare", wanted))
    return {kept(read_kept_result(json->document))};
  std::vector<Contestant> contestants;
  if (kind_of(path) == PathKind::Campaign) {
    for (const fs::path& winner : winners_of(path))
      contestants.push_back(trained(winner.string(), trainings_of_winner(winner, source)));
    return contestants;
  }
  const fs::path folder = fs::is_directory(path) ? path : path.parent_path();
  const bool is_winner = folder.filename().string().starts_with("winner") &&
                         kind_of(fs::absolute(folder).parent_path()) == PathKind::Campaign;
  if (is_winner)
    contestants.push_back(
        trained(folder.string(), trainings_of_winner(fs::absolute(folder), source)));
  else
    contestants.push_back(
        trained(path.string(), {net::read_trained_design(path, {}, unsaid_input(source))}));
  return contestants;
}

/// Designs of one name are told apart by their hashes.
void tell_apart(std::vector<Contestant>& all) {
  std::map<std::string, int> times;
  for (const Contestant& one : all) ++times[one.name];
  for (Contestant& one : all)
    if (times[one.name] > 1) one.name += ' ' + one.design_hash;
}

}  // namespace

std::vector<Contestant> read_contestants(const std::vector<std::string>& sources,
                                         const std::string& data) {
  std::vector<Contestant> all;
  std::map<std::string, std::size_t> known;  // trainings of one design are its seeds
  for (const std::string& source : sources)
    for (Contestant& one : contestants_of({source, {}, data})) {
      const auto [place, is_new] = known.emplace(one.design_hash, all.size());
      if (is_new) {
        all.push_back(std::move(one));
        continue;
      }
      Contestant& same = all[place->second];
      std::move(one.trainings.begin(), one.trainings.end(), std::back_inserter(same.trainings));
      std::move(one.results.begin(), one.results.end(), std::back_inserter(same.results));
    }
  tell_apart(all);
  return all;
}

}  // namespace atto::cli
