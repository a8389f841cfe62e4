#include "trainer/data/instances/made_scenes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "design_specs/errors.hpp"
#include "design_specs/seeds/random.hpp"

namespace atto::train {
namespace {

struct Number {
  std::int64_t* value;
  std::int64_t least, most;
};

[[noreturn]] void refuse(std::string_view name, std::string_view key, std::string rule,
                         std::string_view got) {
  throw SpecError(
      {{"data set " + std::string(name), std::string(key), std::move(rule), std::string(got)}});
}

}  // namespace

std::int64_t SceneNumbers::count(Split split) const {
  return split == Split::Train ? train : split == Split::Validation ? validation : test;
}

SceneNumbers read_scene_numbers(std::string_view name, const SceneNumbers& defaults) {
  constexpr std::int64_t kMost = 10'000'000;
  SceneNumbers numbers = defaults;
  std::int64_t size = numbers.size;
  const std::map<std::string_view, Number> known = {
      {"size", {&size, 32, 1024}},
      {"train", {&numbers.train, 1, kMost}},
      {"validation", {&numbers.validation, 1, kMost}},
      {"test", {&numbers.test, 1, kMost}},
      {"seed", {&numbers.seed, 0, std::int64_t{1} << 53}}};
  const std::size_t colon = name.find(':');
  std::string_view rest = colon == std::string_view::npos ? "" : name.substr(colon + 1);
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const std::size_t equals = part.find('=');
    const auto found = known.find(part.substr(0, equals));
    if (equals == std::string_view::npos || found == known.end())
      refuse(name, "", "must be KEY=NUMBER with KEY among size, train, validation, test, seed",
             part);
    const Number& number = found->second;
    const std::string_view digits = part.substr(equals + 1);
    const char* const last = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), last, *number.value);
    if (read.ec != std::errc{} || read.ptr != last || *number.value < number.least ||
        *number.value > number.most)
      refuse(name, found->first,
             fmt::format("must be a whole number from {} to {}", number.least, number.most),
             digits);
  }
  numbers.size = static_cast<int>(size);
  return numbers;
}

MadeScenes::MadeScenes(std::string_view name, const SceneNumbers& defaults)
    : numbers_(read_scene_numbers(name, defaults)) {
  info_.name = name;
  info_.digest =
      fmt::format("{:016x}", spec::derive_seed({spec::hash_bytes(name.substr(0, name.find(':'))),
                                                static_cast<std::uint64_t>(numbers_.size),
                                                static_cast<std::uint64_t>(numbers_.train),
                                                static_cast<std::uint64_t>(numbers_.validation),
                                                static_cast<std::uint64_t>(numbers_.test),
                                                static_cast<std::uint64_t>(numbers_.seed)}));
}

std::size_t MadeScenes::pictures(Split split) const {
  return static_cast<std::size_t>(numbers_.count(split));
}

std::uint64_t MadeScenes::seed_of(Split split, std::size_t index) const {
  return spec::derive_seed(
      {static_cast<std::uint64_t>(numbers_.seed), static_cast<std::uint64_t>(split), index});
}

InstancePicture MadeScenes::picture(Split split, std::size_t index) const {
  return make(split, seed_of(split, index), true);
}

det::Annotations MadeScenes::annotations(Split split) const {
  det::Annotations all;
  all.categories = info_.categories;
  for (std::size_t i = 0; i < pictures(split); ++i) {
    const auto number = static_cast<std::int64_t>(i);
    InstancePicture one = make(split, seed_of(split, i), false);
    all.pictures.push_back(
        {number + 1, one.height, one.width,
         fmt::format("{}_{:06}.png", kSplitNames[static_cast<std::size_t>(split)], i)});
    for (det::Annotation& object : one.objects) {
      object.picture = static_cast<int>(number);
      all.objects.push_back(std::move(object));
    }
  }
  return all;
}

}  // namespace atto::train
