// atto data: what is found where.
#include <catch2/catch.hpp>

#include "design_specs/files.hpp"
#include "tests/search/process/process.hpp"

using namespace atto::test;
using nlohmann::json;

namespace {

json named(const json& all, const std::string& name) {
  for (const json& data : all)
    if (data.at("name") == name) return data;
  return nullptr;
}

/// Lists with nothing but the scratch folder to be searched before the system's folders.
Ended list(const Scratch& scratch, const std::string& more = "") {
  return run_atto(
      scratch, "data " + more,
      "HOME='" + (scratch / "home").string() + "' ATTO_DATA='" + (scratch / "sets").string() + "'");
}

}  // namespace

TEST_CASE("data lists every known set with its path or how to get it") {
  const Scratch scratch;
  const Ended ended = list(scratch, "--json");
  REQUIRE(ended.code == 0);
  const json all = json::parse(ended.out);
  for (const char* name : {"fashion_mnist", "cifar10", "cifar100", "synthetic"}) {
    const json data = named(all, name);
    INFO(name);
    REQUIRE(data.is_object());
    CHECK(data.at("classes").get<int>() + data.at("channels").get<int>() >= 0);
    if (!data.at("is_found").get<bool>())
      CHECK_FALSE(data.at("how_to_get").get<std::string>().empty());
  }
  CHECK(named(all, "synthetic").at("is_found") == true);
  CHECK(named(all, "cifar100").at("is_found") == false);
  CHECK(named(all, "cifar100").at("how_to_get").get<std::string>().find("scripts/get_data.sh") !=
        std::string::npos);
  const Ended text = list(scratch);
  CHECK(text.out.find("cifar100") != std::string::npos);
  CHECK(text.out.find("searched:\n  " + (scratch / "sets").string()) != std::string::npos);
}

namespace {

void make_pets(const Scratch& scratch, const std::string& picture) {
  for (const char* place : {"train/cat", "train/dog", "val/cat", "val/dog"}) {
    const std::string folder = "sets/pets/" + std::string(place);
    std::filesystem::create_directories(scratch / folder);
    for (int i = 0; i < 20; ++i)
      write_text(scratch / (folder + "/" + std::to_string(i) + ".png"), picture);
  }
}

}  // namespace

TEST_CASE("A folder of images in the search path is a data set of their common size") {
  const Scratch scratch;
  // The start of a PNG file of 40x30 pixels: no more is read for the list.
  using namespace std::string_literals;
  make_pets(scratch, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x28\0\0\0\x1e\x08\x02\0\0\0\0\0\0\0"s);
  const json pets = named(json::parse(list(scratch, "--json").out), "pets");
  REQUIRE(pets.is_object());
  CHECK(pets.at("is_found") == true);
  CHECK(pets.at("path") == (scratch / "sets/pets").string());
  CHECK(pets.at("classes") == 2);
  CHECK(pets.at("height") == 30);
  CHECK(pets.at("width") == 40);
  CHECK(pets.at("channels") == 3);
  CHECK(pets.at("notes").empty());
}

TEST_CASE("What a folder of images holds beside them is named by data and check") {
  const Scratch scratch;
  using namespace std::string_literals;
  make_pets(scratch, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x0a\0\0\0\x31\x08\0\0\0\0\0\0\0"s);
  std::filesystem::create_directories(scratch / "sets/pets/train/.ipynb_checkpoints");
  const std::string note =
      "passed over a hidden entry: " + (scratch / "sets/pets/train/.ipynb_checkpoints").string();
  CHECK(named(json::parse(list(scratch, "--json").out), "pets").at("notes") == json{note});
  const std::string text = list(scratch).out;
  CHECK(text.find("pets                 1x49x10, 2 classes") != std::string::npos);
  CHECK(text.find("\n  " + note + "\n") != std::string::npos);
  std::string spec =
      atto::spec::read_file(std::string(ATTO_SOURCE_DIR) + "/design_specs/quickstart.json");
  const std::string known = "\"fashion_mnist\"";
  spec.replace(spec.find(known), known.size(), "\"pets\"");
  spec.replace(spec.find("../prototypes"), 2, std::string(ATTO_SOURCE_DIR));
  write_text(scratch / "pets.json", spec);
  const Ended checked =
      run_atto(scratch, "check pets.json", "ATTO_DATA='" + (scratch / "sets").string() + "'");
  CHECK(checked.out.find("1x49x10, 2 classes") != std::string::npos);
  CHECK(checked.out.find(note) != std::string::npos);
}

TEST_CASE("A folder of images that cannot be used is listed with the reason") {
  const Scratch scratch;
  make_pets(scratch, "no picture");
  const json pets = named(json::parse(list(scratch, "--json").out), "pets");
  REQUIRE(pets.is_object());
  CHECK(pets.at("is_found") == false);
  CHECK(pets.at("how_to_get").get<std::string>().find("no readable image in ") !=
        std::string::npos);
}

TEST_CASE("A folder whose name is no UTF-8 is listed in valid JSON") {
  const Scratch scratch;
  using namespace std::string_literals;
  make_pets(scratch, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x28\0\0\0\x1e\x08\x02\0\0\0\0\0\0\0"s);
  std::filesystem::rename(scratch / "sets/pets", scratch / "sets/p\xe9ts");
  const Ended ended = list(scratch, "--json");
  CHECK(ended.code == 0);
  CHECK(named(json::parse(ended.out), "p\xef\xbf\xbdts").is_object());
}
