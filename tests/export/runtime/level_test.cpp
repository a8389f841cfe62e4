#include "export/runtime/level.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "export/runtime/model.hpp"
#include "tests/export/random_weights.hpp"
#include "tests/export/runtime/runtime_networks.hpp"

namespace atto::edge {

TEST_CASE("levels have names, and ATTO_ISA chooses among those that the CPU has") {
  const std::vector<Level> levels = available_levels();
  REQUIRE_FALSE(levels.empty());
  for (const Level level : levels) CHECK(level_named(level_name(level)) == level);
  CHECK_FALSE(level_named("avx1024"));
  ::setenv("ATTO_ISA", std::string(level_name(levels.front())).c_str(), 1);
  CHECK(chosen_level() == levels.front());
  ::setenv("ATTO_ISA", "avx1024", 1);
  CHECK_THROWS_WITH(chosen_level(), Catch::Contains("avx1024"));
  ::unsetenv("ATTO_ISA");
  if (chosen_level() != levels.back()) {
    CHECK(levels.back() == Level::Avx512Bf16);
    CHECK(chosen_level() == Level::Avx512Vnni);
  }
}

TEST_CASE("a model is mapped from a file, and its weights can be checked") {
  test::Sketch sketch({3, 6, 6});
  const net::Network network = sketch.ending(sketch.add(net::Conv{8, 3}, {0}));
  const test::LoadedModel loaded = test::load(network, test::random_weights(network, 1));
  const auto file = std::filesystem::temp_directory_path() / "atto_model_test.atto";
  const auto write = [&](int change) {
    std::string bytes(reinterpret_cast<const char*>(loaded.bytes.get()), loaded.size);
    bytes.back() = static_cast<char>(bytes.back() + change);
    std::ofstream(file, std::ios::binary) << bytes;
  };
  write(0);
  const Model sound = Model::open(file);
  CHECK_NOTHROW(sound.check_weights());
  CHECK(sound.program().steps.size() == 1);
  std::filesystem::remove(file);  // the mapping stays
  CHECK_NOTHROW(sound.check_weights());
  write(1);
  const Model damaged = Model::open(file);
  CHECK_THROWS_AS(damaged.check_weights(), format::ModelError);
  std::ofstream(file, std::ios::binary | std::ios::trunc);
  CHECK_THROWS_AS(Model::open(file), format::ModelError);
  std::filesystem::remove(file);
  CHECK_THROWS_AS(Model::open(file), std::system_error);
}

}  // namespace atto::edge
