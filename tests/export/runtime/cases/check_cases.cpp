// Runs a folder of cases (case_folder.hpp) at every level that this CPU has, with one thread and
// with three. Needs nothing but the engine; exit 1 when an output differs.
//   check_cases DIR
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "export/runtime/engine.hpp"
#include "tests/export/runtime/cases/case_folder.hpp"

namespace atto::test {
namespace {

namespace fs = std::filesystem;

std::vector<float> read_floats(const fs::path& file) {
  std::vector<float> values(fs::file_size(file) / sizeof(float));
  std::ifstream stream(file, std::ios::binary);
  stream.read(reinterpret_cast<char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(float)));
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  return values;
}

/// The largest difference, as a share of the largest wanted value; infinite where something is no
/// number.
double relative_error(std::span<const float> made, std::span<const float> wanted) {
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (!std::isfinite(made[i])) return HUGE_VAL;
    largest = std::max(largest, std::abs(double(wanted[i])));
    difference = std::max(difference, std::abs(double(made[i]) - double(wanted[i])));
  }
  return largest > 0 ? difference / largest : difference;
}

/// Runs, and returns the largest error among the outputs; infinite where sizes differ.
double error_of(edge::Engine& engine, const std::vector<float>& image,
                std::span<const float> wanted) {
  engine.run(image);
  double error = 0;
  for (std::size_t o = 0; o < engine.model().program().outputs.size(); ++o) {
    const std::span<const float> made = engine.output(o);
    if (made.size() > wanted.size()) return HUGE_VAL;
    error = std::max(error, relative_error(made, wanted.first(made.size())));
    wanted = wanted.subspan(made.size());
  }
  return wanted.empty() ? error : HUGE_VAL;
}

struct Tally {
  int cases = 0, runs = 0, failures = 0;
};

void check_case(const fs::path& folder, const std::string& name, double bound, Tally& tally) {
  const edge::Model model = edge::Model::open(folder / (name + ".atto"));
  const std::vector<float> image = read_floats(folder / (name + ".input")),
                           wanted = read_floats(folder / (name + ".output"));
  ++tally.cases;
  for (const edge::Level level : edge::available_levels())
    for (const int threads : {1, 3}) {
      edge::EngineOptions options;
      options.threads = threads;
      options.level = level;
      edge::Engine engine(model, options);
      const double error = error_of(engine, image, wanted);
      ++tally.runs;
      if (error <= bound) continue;
      ++tally.failures;
      std::cout << name << ", " << edge::level_name(level) << ", " << threads << " threads: error "
                << error << ", bound " << bound << '\n';
    }
}

int check_folder(const fs::path& folder) {
  std::ifstream list(folder / kCaseList);
  if (!list) throw std::runtime_error("cannot read " + (folder / kCaseList).string());
  Tally tally;
  std::string name;
  for (double bound = 0; list >> name >> bound;) check_case(folder, name, bound, tally);
  std::cout << tally.cases << " cases, " << tally.runs << " runs, " << tally.failures
            << " failures; levels:";
  for (const edge::Level level : edge::available_levels())
    std::cout << ' ' << edge::level_name(level);
  std::cout << '\n';
  return tally.cases > 0 && tally.failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace atto::test

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: check_cases DIR\n";
    return 2;
  }
  try {
    return atto::test::check_folder(argv[1]);
  } catch (const std::exception& error) {
    std::cerr << "check_cases: " << error.what() << '\n';
    return 3;
  }
}
