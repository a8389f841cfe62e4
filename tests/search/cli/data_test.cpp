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
  CHECK(pets.at("is_found") == true);
  CHECK(pets.at("path") == (scratch / "sets/pets").string());
  CHECK(pets.at("trouble").get<std::string>().find("no readable image in ") != std::string::npos);
  const std::string text = list(scratch).out;
  CHECK(text.find(" cannot be used: data set pets: ") != std::string::npos);
}

TEST_CASE("A known set of which files are missing is there, and cannot be used") {
  const Scratch scratch;
  const std::filesystem::path folder = scratch / "sets/cifar10";
  std::filesystem::create_directories(folder);
  for (const char* missing : {"data_batch_1.bin", "data_batch_2.bin"}) {
    const std::string trouble = (folder / missing).string() + ": No such file or directory";
    const json cifar = named(json::parse(list(scratch, "--json").out), "cifar10");
    CHECK(cifar.at("is_found") == true);
    CHECK(cifar.at("path") == folder.string());
    CHECK(cifar.at("trouble") == trouble);
    CHECK(list(scratch).out.find(" cannot be used: " + trouble + "\n") != std::string::npos);
    const Ended ended = run_atto(scratch, "init new --data cifar10",
                                 "ATTO_DATA='" + (scratch / "sets").string() + "'");
    CHECK(ended.code == 4);
    CHECK(ended.err.find("data set cifar10: " + trouble + "; get it with: ") != std::string::npos);
    write_text(folder / missing, "");
  }
}

TEST_CASE("Places that cannot be searched are listed with the reason") {
  const Scratch scratch;
  CHECK(list(scratch).out.find((scratch / "sets").string() + ": No such file or directory\n") !=
        std::string::npos);
  write_text(scratch / "sets", "");
  CHECK(list(scratch).out.find((scratch / "sets").string() + ": Not a directory\n") !=
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

TEST_CASE("Sets with objects in their pictures are listed, counted and drawn") {
  const Scratch scratch;
  const json made = named(json::parse(list(scratch, "--json").out), "synthetic_instances");
  REQUIRE(made.is_object());
  CHECK(made.at("kind") == "instances");
  CHECK(made.at("is_found") == true);
  CHECK(list(scratch).out.find("fashion_scenes       objects in pictures") != std::string::npos);

  const std::string name = "synthetic_instances:train=20,validation=5,test=6";
  const Ended shown = list(scratch, name + " --json --draw drawn --count 3");
  REQUIRE(shown.code == 0);
  const json counts = json::parse(shown.out);
  CHECK(counts.at("splits").at("train").at("pictures") == 20);
  CHECK(counts.at("splits").at("test").at("pictures") == 6);
  CHECK(counts.at("splits").at("train").at("objects") ==
        counts.at("splits").at("train").at("masks"));
  CHECK(counts.at("classes").at(2).at("name") == "bar");
  CHECK(counts.at("anchors").at("sizes").size() == 5);
  CHECK(counts.at("anchors").at("covered").get<double>() > 0.5);
  CHECK(atto::spec::read_file(scratch / "drawn/train_000002.png").starts_with("\x89PNG"));
  CHECK_FALSE(std::filesystem::exists(scratch / "drawn/train_000003.png"));
  const std::string text = list(scratch, name).out;
  CHECK(text.find("train               20         0") != std::string::npos);
  CHECK(text.find("anchors fitted to them") != std::string::npos);
}

TEST_CASE("A folder in COCO's layout is found by name, and its faults are told with their place") {
  const Scratch scratch;
  const std::string begin =
      R"({"images":[{"id":1,"height":8,"width":300,"file_name":"a.png"}],"categories":[{"id":1,"name":"worm"}],)";
  std::filesystem::create_directories(scratch / "sets/worms/annotations");
  const std::string train = "sets/worms/annotations/instances_train2017.json";
  write_text(scratch / train,
             begin + R"("annotations":[{"image_id":1,"category_id":1,"bbox":[1,1,280,2]},
                        {"image_id":1,"category_id":1,"bbox":[1,1,2,6]},{"image_id":1,"category_id":1,"bbox":[1,1,0,6]}]})");
  CHECK(named(json::parse(list(scratch, "--json").out), "worms").at("path") ==
        (scratch / "sets/worms").string());
  const Ended shown = list(scratch, "worms");
  CHECK(shown.code == 0);
  CHECK(shown.out.find("1 of 1 pictures of train have no file, the first is ") !=
        std::string::npos);
  CHECK(shown.out.find("pictures of train: 8 x 300 pixels") != std::string::npos);
  write_text(scratch / train,
             begin + "\n\"annotations\":[{\"image_id\":2,\"category_id\":1,\"bbox\":[0,0,1,1]}]}");
  const Ended refused = list(scratch, "worms");
  CHECK(refused.code == 2);
  CHECK(refused.err.find(
            "instances_train2017.json:2:28: /annotations/0/image_id: must be the id of one "
            "of the images; got 2") != std::string::npos);
}

TEST_CASE("One set of classes is described, and what is no set is refused") {
  const Scratch scratch;
  CHECK(json::parse(list(scratch, "synthetic --json").out).at("classes") == 10);
  CHECK(list(scratch, "synthetic").out.starts_with("synthetic: 10 classes, built in, digest "));
  CHECK(list(scratch, "synthetic --draw x").code == 2);
  CHECK(list(scratch, "--draw x").code == 2);
  CHECK(list(scratch, "nothing_there").code == 4);
  CHECK(list(scratch, "synthetic_instances:size=1").code == 2);
}
