// atto train and eval on the synthetic data set: what they print and leave behind.
#include <signal.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <numeric>
#include <sstream>
#include <thread>

#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

const std::string kData = "'synthetic:classes=4,size=16,channels=3,train=400,test=120'";

/// Trains a drawn design for two epochs in "run"; returns its file.
std::string train_one(const Scratch& scratch, const std::string& more = "") {
  const json drawn =
      json::parse(run_atto(scratch, "generate " + tiny_spec() + " -n 1 --json --out made").out);
  const std::string file = "made/" + drawn.at(0).at("hash").get<std::string>() + ".json";
  const Ended ended = run_atto(
      scratch, "train " + file + " --data " + kData + " --epochs 2 --out run --device cpu " + more);
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  return file;
}

std::vector<std::vector<std::string>> rows_of(const std::string& csv) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    rows.emplace_back();
    for (std::string field; std::getline(fields, field, ',');) rows.back().push_back(field);
  }
  return rows;
}

}  // namespace

TEST_CASE("train leaves weights, design, reference and a result; eval finds them by the folder") {
  const Scratch scratch;
  train_one(scratch);
  for (const char* name :
       {"weights.safetensors", "reference.safetensors", "design.json", "result.json"})
    CHECK(std::filesystem::exists(scratch / ("run/" + std::string(name))));
  const Ended ended = run_atto(scratch, "eval run --json --confusion matrix.csv");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json result = json::parse(ended.out);
  const json trained = json::parse(read_text(scratch / "run/result.json"));
  CHECK(result.at("split") == "test");
  CHECK(result.at("top1") == trained.at("test_top1"));
  CHECK(result.at("top5") == 1.0);  // of four classes
  REQUIRE(result.at("classes").size() == 4);

  SECTION("the confusion matrix has a row for each true class and adds up to the figures") {
    const auto rows = rows_of(read_text(scratch / "matrix.csv"));
    REQUIRE(rows.size() == 5);
    CHECK(rows[0][0] == "true\\predicted");
    int right = 0, all = 0;
    for (std::size_t t = 1; t < 5; ++t) {
      REQUIRE(rows[t].size() == 5);
      const json& of_class = result.at("classes").at(t - 1);
      CHECK(rows[t][0] == of_class.at("name"));
      CHECK(rows[0][t] == of_class.at("name"));
      int images = 0, predicted = 0;
      for (std::size_t p = 1; p < 5; ++p) images += std::stoi(rows[t][p]);
      for (std::size_t r = 1; r < 5; ++r) predicted += std::stoi(rows[r][t]);
      const double hits = std::stoi(rows[t][t]);
      CHECK(images == of_class.at("images"));
      CHECK(of_class.at("recall").get<double>() == Approx(images > 0 ? hits / images : 0));
      CHECK(of_class.at("precision").get<double>() == Approx(predicted > 0 ? hits / predicted : 0));
      right += std::stoi(rows[t][t]);
      all += images;
    }
    CHECK(all == 120);
    CHECK(result.at("top1").get<double>() == Approx(double(right) / all));
  }
  SECTION("the weights file alone does as well, with its data set recorded inside") {
    const Ended file = run_atto(scratch, "eval run/weights.safetensors --json");
    CHECK(json::parse(file.out) == result);
    const Ended text = run_atto(scratch, "eval run --split validation");
    CHECK(text.code == 0);
    CHECK(text.out.find(" validation: ") != std::string::npos);
    CHECK(text.out.find("recall % precision %") != std::string::npos);
  }
  SECTION("hostile weights are people's input: one message, exit 2") {
    const std::string whole = read_text(scratch / "run/weights.safetensors");
    std::string huge = whole;
    huge[7] = '\x7f';  // a header of exabytes
    for (const std::string& bytes : {huge, whole.substr(0, whole.size() / 2), std::string("x")}) {
      write_text(scratch / "run/weights.safetensors", bytes);
      const Ended refused = run_atto(scratch, "eval run");
      CHECK(refused.code == 2);
      CHECK(refused.err.find("run/weights.safetensors") == 0);
    }
  }
}

TEST_CASE("train goes on from its checkpoint and answers for a bad command line") {
  const Scratch scratch;
  const std::string file = train_one(scratch);
  const json first = json::parse(read_text(scratch / "run/result.json"));
  const Ended again = run_atto(
      scratch, "train " + file + " --data " + kData + " --epochs 2 --out run --device cpu --json");
  REQUIRE(again.code == 0);
  CHECK(json::parse(again.out).at("test_top1") == first.at("test_top1"));
  CHECK(run_atto(scratch, "train " + file + " --data nowhere").code == 4);
  CHECK(run_atto(scratch, "train " + tiny_spec() + " --data " + kData).code == 2);
  CHECK(run_atto(scratch, "train --epochs 3").code == 2);
  const Ended detector =
      run_atto(scratch, "train " + kSource + "/prototypes/resnet50_mask_rcnn.json --data " + kData);
  CHECK(detector.code == 4);
  CHECK(detector.err.find("set of instances synthetic") != std::string::npos);
  for (const std::string name : {"train", "eval"}) {
    const Ended help = run_atto(scratch, name + " --help");
    CHECK(help.code == 0);
    CHECK(help.out.find("Usage: atto " + name + " [OPTIONS] ") == 0);
    CHECK(help.out.find("  atto " + name + " ", help.out.find("\nExample")) != std::string::npos);
    CHECK(run_atto(scratch, "help " + name).out == help.out);
    std::istringstream options(help.out.substr(help.out.find("\nOptions:\n") + 10));
    for (std::string line; std::getline(options, line) && !line.empty();) {
      INFO(line);
      CHECK(line.size() <= 80);
      CHECK(line.starts_with("  "));
    }
    CHECK(run_atto(scratch, name + " --jsno")
              .err.find("atto " + name + ": --jsno: unknown option; ") == 0);
    for (const char* arguments : {" --json", " nowhere --json", " nowhere --json --frobnicate"}) {
      const Ended failed = run_atto(scratch, name + arguments);
      const json error = json::parse(failed.out).at("error");
      CHECK(failed.code > 0);
      CHECK(error.at("exit") == failed.code);
    }
  }
}

TEST_CASE("train begins with the weights that fit, by name and shape") {
  const Scratch scratch;
  const std::string file = train_one(scratch);
  const std::string command = "train " + file + " --epochs 1 --device cpu --out on --json --data ";
  const auto first_loss = [&](const std::string& text) {
    return json::parse(text).at("epochs").at(0).at("train_loss").get<double>();
  };
  SECTION("all of them, of a folder or a file; the training says of which") {
    const Ended scratched = run_atto(scratch, command + kData);
    REQUIRE(scratched.code == 0);
    CHECK_FALSE(json::parse(scratched.out).contains("from"));
    const Ended mixed = run_atto(scratch, command + kData + " --from run");
    CHECK(mixed.code == 2);
    CHECK(mixed.err.find("holds another training") != std::string::npos);
    const Ended tuned = run_atto(scratch, command + kData + " --from run --force");
    INFO(tuned.err);
    REQUIRE(tuned.code == 0);
    CHECK(tuned.err.find("begins with 100.0 % of its weights\n") != std::string::npos);
    CHECK(first_loss(tuned.out) < first_loss(scratched.out));
    CHECK(json::parse(tuned.out).at("from").get<std::string>().size() == 16);
    const Ended again = run_atto(scratch, command + kData + " --from run/weights.safetensors");
    CHECK(again.code == 0);
    CHECK(json::parse(again.out).at("epochs") == json::parse(tuned.out).at("epochs"));
    write_text(scratch / "list.json", R"({"format": 1, "trainings": [{"design": ")" + file +
                                          R"(", "from": "run", "epochs": 1, "data": )" +
                                          json(kData.substr(1, kData.size() - 2)).dump() + "}]}");
    const Ended listed = run_atto(scratch, "train list.json --out listed --device cpu");
    INFO(listed.err);
    CHECK(listed.code == 0);
    const std::string name = std::filesystem::path(file).stem().string() + "-s1";
    CHECK(json::parse(read_text(scratch / ("listed/" + name + "/result.json"))).at("from") ==
          json::parse(tuned.out).at("from"));
  }
  SECTION("but for the head, where the classes are others") {
    const Ended tuned = run_atto(
        scratch, command + "'synthetic:classes=3,size=16,channels=3,train=300' --from run");
    INFO(tuned.err);
    CHECK(tuned.code == 0);
    CHECK(tuned.err.find("; new: ") != std::string::npos);
  }
  SECTION("none, or what are no numbers, is refused before anything is made") {
    write_text(scratch / "none.safetensors", std::string("\2\0\0\0\0\0\0\0{}", 10));
    const Ended none = run_atto(scratch, command + kData + " --from none.safetensors");
    CHECK(none.code == 2);
    CHECK(none.err.find("none.safetensors: must have a tensor of the network's") == 0);
    std::string bytes = read_text(scratch / "run/weights.safetensors");
    bytes.replace(bytes.size() - 4, 4, std::string("\0\0\xc0\x7f", 4));  // NaN
    write_text(scratch / "nan.safetensors", bytes);
    const Ended nan = run_atto(scratch, command + kData + " --from nan.safetensors");
    CHECK(nan.code == 2);
    CHECK(nan.err.find("must be numbers in") != std::string::npos);
    CHECK(run_atto(scratch, command + kData + " --from nowhere").code == 4);
    CHECK_FALSE(std::filesystem::exists(scratch / "on"));
  }
}

TEST_CASE("train reads its design once: what the folder keeps is what was trained") {
  const Scratch scratch;
  const std::string file = train_one(scratch);
  // Whoever opens the pipe again waits for good.
  const Ended ended =
      run_atto(scratch, "train pipe --data " + kData + " --epochs 2 --out piped --device cpu",
               "mkfifo pipe; cat " + file + " >pipe & timeout 60");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  CHECK(read_text(scratch / "piped/design.json") == read_text(scratch / file));
  CHECK(json::parse(read_text(scratch / "piped/result.json")).at("test_top1") ==
        json::parse(read_text(scratch / "run/result.json")).at("test_top1"));
}

TEST_CASE("eval of a campaign's run folder means its winner, with finalists of two threads") {
  const Scratch scratch;
  json spec = json::parse(read_text(tiny_spec()));
  spec["prototype"] = ATTO_SOURCE_DIR "/tests/search/data/tiny_prototype.json";
  spec["search"]["rungs"] = {1, 2};
  spec["search"]["finalists"] = 1;
  spec["training"] = {{"final_threads", 2}, {"final_epochs", 2}, {"final_seeds", 2}};
  write_text(scratch / "two.json", spec.dump());
  const Ended ended =
      run_atto(scratch, "search two.json --candidates 3 --device cpu --workers 2 --out run --json");
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  const json finals = json::parse(ended.out).at("tiers").at(0).at("leaderboard").at(0).at("finals");
  REQUIRE(finals.size() == 2);
  const Ended eval = run_atto(scratch, "eval run --json");
  INFO(eval.err);
  REQUIRE(eval.code == 0);
  const json top1 = json::parse(eval.out).at("top1");
  CHECK((top1 == finals[0].at("test_top1") || top1 == finals[1].at("test_top1")));
  SECTION("and the command of its row in the report trains the same network again") {
    REQUIRE(run_atto(scratch, "report run").code == 0);
    const std::string csv = read_text(scratch / "run/report.csv");
    const std::size_t from = csv.find(",atto train ") + 6, to = csv.find_first_of(",\n", from);
    const Ended same = run_atto(scratch, csv.substr(from, to - from) + " --out same --json");
    INFO(same.err);
    REQUIRE(same.code == 0);
    CHECK(json::parse(same.out).at("test_top1") == top1);
  }
  SECTION("compare reads its design and weights once, whatever the number of its seeds") {
    const std::string data = spec["task"]["dataset"].get<std::string>();
    REQUIRE(run_atto(scratch, "train " + kSource + "/prototypes/inverted_32.json --data '" + data +
                                  "' --epochs 1 --out other --device cpu")
                .code == 0);
    const auto told = [&](const std::string& before) {
      const Ended compared = run_atto(scratch, "compare run other --json", before + "timeout 120");
      INFO(compared.err);
      REQUIRE(compared.code == 0);
      return json::parse(compared.out).at("networks");
    };
    const json networks = told("");
    CHECK(networks.at(0).at("top1").size() == 2);
    // Whoever opens a pipe again waits for good.
    CHECK(networks ==
          told("for file in run/winner/design.json other/design.json other/weights.safetensors; do "
               "mv $file $file.kept; mkfifo $file; cat $file.kept >$file & done; "));
  }
}

TEST_CASE("A training that is still reading its data ends at once when asked") {
  const Scratch scratch;
  // Takes minutes to make.
  const std::string data = "synthetic:size=512,channels=3,classes=2,train=20000,test=2";
  write_text(scratch / "list.json",
             json({{"data", data},
                   {"trainings", json::array({{{"design", kSource + "/prototypes/inverted_32.json"},
                                               {"name", "one"}}})}})
                 .dump());
  for (const std::string& command :
       {"train " + kSource + "/prototypes/inverted_32.json --data " + data + " --out many/one-s1",
        std::string("train list.json --out many")}) {
    INFO(command);
    std::filesystem::remove_all(scratch / "many");
    const int process = start_atto(scratch, command + " --device cpu");
    for (int i = 0; i < 600 && !std::filesystem::exists(scratch / "many/one-s1/training.lock"); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    ::kill(process, SIGTERM);
    CHECK(wait_for(process, 30) == 130);
  }
  CHECK(read_text(scratch / "log").find("interrupted; the same command goes on from there") !=
        std::string::npos);
}
