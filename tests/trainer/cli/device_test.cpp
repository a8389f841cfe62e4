// Devices that a campaign is asked for and that are not there.
#include <catch2/catch.hpp>

#include "search/campaign/campaign.hpp"
#include "search/ledger/open_ledger.hpp"
#include "tests/search/process/process.hpp"

using namespace atto::test;
using namespace atto::search;

TEST_CASE("A device that is not there is refused before anything is made, and changed later") {
  const Scratch scratch;
  const std::string no_card = "CUDA_VISIBLE_DEVICES=";
  const auto is_made = [&] { return std::filesystem::exists(scratch / "run"); };
  for (const std::string command : {"search ", "calibrate "}) {
    const Ended refused =
        run_atto(scratch, command + tiny_spec() + " --device cuda --out run", no_card);
    INFO(command << refused.err);
    CHECK(refused.code == 4);
    CHECK(refused.err.find("no training on cuda: ") != std::string::npos);
    CHECK_FALSE(is_made());
  }
  const std::string design = kSource + "/prototypes/inverted_32.json";
  CHECK(run_atto(scratch, "train " + design + " --data synthetic --device cuda --out run", no_card)
            .code == 4);
  CHECK_FALSE(is_made());
  CHECK(run_atto(scratch, "calibrate " + tiny_spec() + " --device gpu --out run").code == 2);
  const std::string search =
      "search " + tiny_spec() + " --candidates 2 --workers 1 --device cpu --out run";
  CHECK(run_atto(scratch, search + " --warm-start nowhere").code != 0);
  CHECK_FALSE(is_made());
  CHECK(run_atto(scratch, search, "ATTO_FAULT=after_propose:1").code == 137);
  const Ended other = run_atto(scratch, "resume run --device cuda", no_card);
  CHECK(other.code == 4);
  CHECK(other.err.find("; without it: atto resume run --device cpu\n") != std::string::npos);
  const auto opened = open_ledger(scratch / "run");
  Ledger& ledger = *opened;
  change_device(ledger, "cuda");  // as folders are that were made before this was asked
  CHECK(run_atto(scratch, "resume run", no_card).code == 4);
  const Ended ended = run_atto(scratch, "resume run --device cpu --workers 1", no_card);
  INFO(ended.err);
  CHECK(ended.code == 0);
  CHECK(load_campaign(ledger).device == "cpu");
  // What was trained on one device is no result of another.
  const std::string context = load_campaign(ledger).context(atto::train::Phase::Search);
  change_device(ledger, "auto");
  const Campaign changed = load_campaign(ledger);
  CHECK(changed.earlier_devices == std::vector<std::string>{"cpu"});
  CHECK(changed.context(atto::train::Phase::Search) != context);
  CHECK(context.find("device=cpu\n") != std::string::npos);
}

TEST_CASE("Kernels for training that are not here are refused before anything is made") {
  const Scratch scratch;
  const std::string design = kSource + "/prototypes/inverted_32.json";
  for (const std::string& command :
       {"search " + tiny_spec() + " --out made", "calibrate " + tiny_spec() + " --out made",
        "train " + design + " --data synthetic --out made"}) {
    const Ended ended = run_atto(scratch, command, "ATTO_TRAIN_ISA=bogus");
    INFO(command << ": " << ended.err);
    CHECK(ended.code == 2);
    CHECK(ended.err.find("ATTO_TRAIN_ISA: must be of what this CPU has: plain") !=
          std::string::npos);
    CHECK(ended.err.find("; got bogus\n") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(scratch / "made"));
  }
  CHECK(run_atto(scratch, "search " + tiny_spec() + " --evaluator fake --candidates 2 --out made",
                 "ATTO_TRAIN_ISA=bogus")
            .code == 0);
}
