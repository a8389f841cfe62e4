// Profiles of clusters: what is read, what is refused, and the schema that editors use.
#include "search/slurm/profile.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "design_specs/errors.hpp"
#include "tests/golden.hpp"

using namespace atto;
using namespace atto::search;

namespace {

SlurmProfile read(const std::string& text) {
  return read_profile(spec::parse_json(text, "cluster.json"));
}

}  // namespace

TEST_CASE("Every malformed profile is refused with its place and rule") {
  test::check_golden_folder("bad/cluster", 20,
                            [](std::string_view text, const std::string& name) -> std::string {
                              try {
                                read_profile(spec::parse_json(text, name));
                              } catch (const SpecError& error) {
                                return error.what();
                              }
                              return "no error";
                            });
}

TEST_CASE("A profile holds what it says, and a site's defaults where it says nothing") {
  const SlurmProfile profile = read(
      R"({ "format": 1, "workers": 400, "partition": "cpu", "account": "nas",
           "constraint": "milan|rome", "time": "08:00:00", "cpus": 2, "memory": "3G",
           "gres": "gpu:a100:1", "max_submit": 500, "grace": 60,
           "environment": { "ATTO_DATA": "/shared/it's data" },
           "prolog": ["module load gcc"], "options": ["--qos=long", "--exclusive"] })");
  CHECK(profile.workers == 400);
  CHECK(profile.constraint == "milan|rome");
  CHECK(profile.time == "08:00:00");
  CHECK(profile.max_submit == 500);
  CHECK(profile.environment.at(0).second == "/shared/it's data");
  CHECK(profile.options.size() == 2);
  const SlurmProfile least = read(R"({ "format": 1 })");
  CHECK(least.workers == 1);
  CHECK(least.partition.empty());
  CHECK(least.grace == 120);
  CHECK(read(R"({ "format": 1, "gres": "", "time": "" })").gres.empty());
}

TEST_CASE("Times are read as Slurm writes them") {
  CHECK(seconds_of("90") == 5400);
  CHECK(seconds_of("1:30") == 90);
  CHECK(seconds_of("08:00:00") == 28800);
  CHECK(seconds_of("2-12") == 216000);
  CHECK(seconds_of("1-00:30") == 88200);
  CHECK(seconds_of("1-02:03:04") == 93784);
  for (const char* bad :
       {"", "-", "1-", "a", "1:2:3:4", "1h", "-1", "INVALID", "1::2", "1-2-3", "12345678901"})
    CHECK(seconds_of(bad) == -1);
}

TEST_CASE("The schema of profiles has the keys that are read") {
  const spec::Document schema =
      spec::read_json(std::string(ATTO_SOURCE_DIR) + "/design_specs/cluster.schema.json");
  std::set<std::string_view> told, read_keys(kProfileKeys.begin(), kProfileKeys.end());
  for (const spec::Member& member : schema.root.find("properties")->members) {
    told.insert(member.key);
    CHECK(member.value.find("description"));
  }
  CHECK(told == read_keys);
}
