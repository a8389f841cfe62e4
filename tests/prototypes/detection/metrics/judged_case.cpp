#include "tests/prototypes/detection/metrics/judged_case.hpp"

#include "design_specs/seeds/random.hpp"
#include "prototypes/detection/metrics/files.hpp"

namespace atto::test {

using namespace atto::det;

JudgedCase read_case(const nlohmann::json& file) {
  JudgedCase one;
  one.truth = read_annotations(file.at("ground_truth").dump(), "ground_truth");
  one.found = read_results(file.at("detections").dump(), "detections", one.truth);
  return one;
}

JudgedCase random_case(std::uint64_t seed) {
  spec::Random random(seed);
  JudgedCase one;
  const int pictures = 1 + int(random.below(6));
  for (int i = 0; i < pictures; ++i) one.truth.pictures.push_back({i + 1, 100, 100, ""});
  one.truth.categories = {{1, "a"}, {2, "b"}};
  for (int i = 0; i < 4 * pictures; ++i) {
    const FileBox box{80 * random.uniform(), 80 * random.uniform(), 2 + 40 * random.uniform(),
                      2 + 40 * random.uniform()};
    const int picture = int(random.below(std::uint64_t(pictures))), category = int(random.below(2));
    one.truth.objects.push_back(
        {picture, category, box, {}, box.width * box.height, random.below(8) == 0});
    for (std::uint64_t k = random.below(3); k > 0; --k)
      one.found.push_back({picture,
                           random.below(6) == 0 ? 1 - category : category,
                           random.uniform(),
                           {box.x + 3 * random.normal(), box.y + 3 * random.normal(),
                            box.width * (0.7 + 0.6 * random.uniform()), box.height},
                           {}});
  }
  return one;
}

JudgedCase with_copies(const JudgedCase& one, std::span<const std::int32_t> times) {
  JudgedCase all{{{}, one.truth.categories, {}}, {}};
  for (std::size_t from = 0; from < times.size(); ++from)
    for (std::int32_t copy = 0; copy < times[from]; ++copy) {
      const int to = int(all.truth.pictures.size());
      all.truth.pictures.push_back(one.truth.pictures[from]);
      all.truth.pictures.back().id = to + 1;
      for (Annotation object : one.truth.objects) {
        if (object.picture != int(from)) continue;
        object.picture = to;
        all.truth.objects.push_back(object);
      }
      for (Detection found : one.found) {
        if (found.picture != int(from)) continue;
        found.picture = to;
        all.found.push_back(found);
      }
    }
  return all;
}

}  // namespace atto::test
