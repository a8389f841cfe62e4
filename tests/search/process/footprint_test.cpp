// Flash and RAM as requirements, on the fake evaluator, through the binary.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

/// The tiny spec with what a device has: its designs take 10 to 40 KiB of flash, 3 to 25 of RAM.
json spec_with(const json& require) {
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = ATTO_SOURCE_DIR "/tests/search/data/tiny_prototype.json";
  spec["require"] = require;
  spec["search"]["candidates"] = 12;
  spec["export"] = {"c"};
  return spec;
}

Ended with_spec(const Scratch& scratch, const std::string& command, const json& spec,
                const std::string& more = "") {
  write_text(scratch / "spec.json", spec.dump(1));
  return run_atto(scratch, command + " spec.json " + more);
}

json entries_of(const Scratch& scratch, const std::string& folder) {
  return boards_of(scratch, scratch / folder).at(0).at("leaderboard");
}

}  // namespace

TEST_CASE("A campaign that names flash and RAM trains nothing above them, and shows both") {
  const Scratch scratch;
  const json require = {{"flash_kib", {{"max", 20}}}, {"ram_kib", {{"max", 10}}}};
  const Ended ended =
      with_spec(scratch, "search", spec_with(require), "--evaluator fake --workers 2 --out run");
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
  int trained = 0;
  for (const json& entry : entries_of(scratch, "run")) {
    const double flash = entry.at("flash_kib").get<double>(),
                 ram = entry.at("ram_kib").get<double>();
    const bool is_refused = entry.at("refused").get<bool>();
    CHECK(is_refused == (flash > 20 || ram > 10));
    if (is_refused) {
      CHECK(entry.at("trouble").get<std::string>().find("too large: ") == 0);
      CHECK(entry.at("rung_top1").at(0).is_null());
    } else {
      ++trained;
      CHECK(entry.at("misses").empty());
    }
  }
  CHECK(trained == 12);
  CHECK(ended.out.find("flash KiB  RAM KiB") != std::string::npos);
  CHECK(ended.out.find("  flash ") != std::string::npos);
  CHECK(run_atto(scratch, "report run --out report.html").code == 0);
  CHECK(read_text(scratch / "report.html").find("flash of int8 C") != std::string::npos);
  // Steering tightens what is asked for, and nothing that was not measured.
  CHECK(run_atto(scratch, "steer run --require flash_kib.max=15").code == 0);
  CHECK(run_atto(scratch, "resume run --candidates 16").code == 0);
  for (const json& entry : entries_of(scratch, "run"))
    CHECK(entry.at("refused").get<bool>() + entry.at("misses").empty() +
              (entry.at("flash_kib").get<double>() > 15) >=
          1);
}

TEST_CASE("Sizes of a campaign's designs are those that inspect tells and that C files have") {
  const Scratch scratch;
  const json require = {{"flash_kib", {{"max", 24}, {"core", "cortex-m0plus"}}}};
  const Ended made =
      with_spec(scratch, "generate", spec_with(require), "-n 5 --json --out designs");
  INFO(made.err);
  REQUIRE(made.code == 0);
  for (const json& design : json::parse(made.out)) {
    CHECK(design.at("flash_kib").get<double>() <= 24);
    const Ended shown = run_atto(
        scratch, "inspect --json designs/" + design.at("hash").get<std::string>() + ".json");
    REQUIRE(shown.code == 0);
    CHECK(json::parse(shown.out).at("ram_kib").get<double>() ==
          Approx(design.at("ram_kib").get<double>()).margin(0.001));
  }
}

TEST_CASE("What no design can fit is refused, with the bound that proves it") {
  const Scratch scratch;
  const json impossible = {{"flash_kib", {{"max", 0.5}}}};
  for (const std::string command : {"check", "generate", "search"}) {
    const Ended ended = with_spec(scratch, command, spec_with(impossible),
                                  command == "search" ? "--evaluator fake --out run" : "");
    INFO(command << ": " << ended.out << ended.err);
    CHECK(ended.code == 2);
    CHECK(ended.err.find("KiB of constants in int8 C, code not counted; /require/flash_kib/max "
                         "asks for ") != std::string::npos);
  }
  const Ended ram = with_spec(scratch, "check", spec_with({{"ram_kib", {{"max", 0.25}}}}));
  CHECK(ram.code == 2);
  CHECK(ram.err.find("spec.json:") == 0);
  CHECK(ram.err.find("KiB of maps at once in int8 C; /require/ram_kib/max asks for ") !=
        std::string::npos);
}

TEST_CASE("check names a design that fits, or says that none was found") {
  const Scratch scratch;
  const Ended fits = with_spec(scratch, "check", spec_with({{"flash_kib", {{"max", 20}}}}));
  CHECK(fits.code == 0);
  CHECK(fits.out.find("feasible, for example ") != std::string::npos);
  CHECK(fits.out.find("  device         at most 20 KiB of flash on cortex-m4, judged by the int8 C "
                      "export, before training\n") != std::string::npos);
  // Room for the constants, and none for the code.
  const Ended none = with_spec(scratch, "check", spec_with({{"flash_kib", {{"max", 3}}}}));
  INFO(none.out << none.err);
  CHECK(none.code == 0);
  CHECK(none.out.find("undecided: none of ") != std::string::npos);
  CHECK(none.out.find("too large: flash ") != std::string::npos);
}

TEST_CASE("A spec that asks for no size cannot be steered by one") {
  const Scratch scratch;
  REQUIRE(with_spec(scratch, "search", spec_with({{"params", {{"max", "30k"}}}}),
                    "--evaluator fake --out run")
              .code == 0);
  const Ended ended = run_atto(scratch, "steer run --require flash_kib.max=15");
  CHECK(ended.code == 2);
  CHECK(ended.err.find("the spec asks for no flash_kib or ram_kib") != std::string::npos);
}
