#include "design_specs/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "design_specs/errors.hpp"
#include "design_specs/json_text.hpp"
#include "design_specs/paths.hpp"

namespace fs = std::filesystem;
using namespace atto;

namespace {

/// A folder of its own that goes away with the test.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("atto_files_" + std::to_string(::getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }
};

}  // namespace

TEST_CASE("A file is written whole and read back") {
  const Folder folder;
  const fs::path file = folder.path / "a.bin";
  std::string contents(300'000, 'x');
  contents[7] = '\0';
  for (const std::string& text : {contents, std::string("short"), std::string()}) {
    spec::write_file_atomically(file, text);
    CHECK(spec::read_file(file) == text);
  }
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("Pipes and devices are written to, and stay what they are") {
  const Folder folder;
  const fs::path pipe = folder.path / "pipe", full = folder.path / "full";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDWR | O_NONBLOCK);
  REQUIRE(reader >= 0);
  spec::write_file_atomically(pipe, "through");
  CHECK(fs::is_fifo(pipe));
  std::string got(64, '\0');
  got.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(reader, got.data(), 64), 0)));
  ::close(reader);
  CHECK(got == "through");

  fs::create_symlink("/dev/full", full);
  CHECK_THROWS_WITH(spec::write_file_atomically(full, "lost"),
                    "cannot write: No space left on device: " + full.string());
  CHECK(fs::is_character_file(full));
}

TEST_CASE("A link stays a link, the file behind it is replaced") {
  const Folder folder;
  const fs::path link = folder.path / "link", file = folder.path / "there" / "file";
  fs::create_directories(file.parent_path());
  fs::create_symlink("there/file", link);
  for (const char* text : {"first", "second"}) {
    spec::write_file_atomically(link, text);
    CHECK(fs::is_symlink(link));
    CHECK(spec::read_file(file) == text);
  }
}

TEST_CASE("Many writers leave one whole file") {
  const Folder folder;
  const fs::path file = folder.path / "shared";
  std::vector<std::thread> writers;
  for (char c = 'a'; c < 'e'; ++c)
    writers.emplace_back([&file, c] {
      for (int i = 0; i < 20; ++i) spec::write_file_atomically(file, std::string(100'000, c));
    });
  for (std::thread& writer : writers) writer.join();
  const std::string text = spec::read_file(file);
  CHECK(text == std::string(100'000, text.at(0)));
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("A failed write leaves the old file and says why") {
  const Folder folder;
  const fs::path file = folder.path / "taken";
  fs::create_directories(file / "inside");
  CHECK_THROWS_AS(spec::write_file_atomically(file, "x"), EnvironmentError);
  CHECK(fs::is_directory(file));
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
  CHECK_THROWS_WITH(spec::write_file_atomically(folder.path / "no" / "x", "x"),
                    "cannot write: No such file or directory: " + (folder.path / "no/x").string());
}

TEST_CASE("Reading says what is wrong") {
  const Folder folder;
  spec::write_file_atomically(folder.path / "ten", "0123456789");
  CHECK(spec::read_file(folder.path / "ten", 10) == "0123456789");
  CHECK_THROWS_WITH(spec::read_file(folder.path / "ten", 9),
                    Catch::StartsWith("cannot read: over 9 bytes: "));
  CHECK_THROWS_WITH(spec::read_file(folder.path), Catch::StartsWith("cannot read: Is a directory"));
  CHECK(std::string(EnvironmentError("cannot lock", "/x", ENOSPC).what()) ==
        "cannot lock: No space left on device: /x");
  for (const char* device : {"/dev/zero", "/dev/null"})
    CHECK_THROWS_WITH(spec::read_file(device), std::string("cannot read: is a device: ") + device);
}

TEST_CASE("JSON is text whatever bytes a file's name has") {
  const nlohmann::json json = {{"name", "caf\xe9"}};
  CHECK(atto::spec::json_text(json) == "{\"name\":\"caf\xef\xbf\xbd\"}");
  CHECK(atto::spec::json_text(nlohmann::ordered_json(json), 1).find("caf\xef\xbf\xbd") !=
        std::string::npos);
}

TEST_CASE("A path is made plain unless it would lead elsewhere") {
  const Folder folder;
  fs::create_directories(folder.path / "deep/specs");
  fs::create_directory_symlink(folder.path / "deep/specs", folder.path / "link");
  fs::create_directory_symlink(folder.path / "loop", folder.path / "loop");
  CHECK(spec::plain_path("a/./b/../c.json") == "a/c.json");
  CHECK(spec::plain_path("") == "");
  const fs::path here = fs::current_path();
  fs::current_path(folder.path);
  CHECK(spec::plain_path("none/../deep/x") == "deep/x");
  CHECK(spec::plain_path("link/../x") == "link/../x");
  fs::current_path(here);
  CHECK(spec::plain_path("../x") == "../x");
  CHECK(spec::plain_path(folder.path / "deep/specs/../net.json") == folder.path / "deep/net.json");
  CHECK(spec::plain_path(folder.path / "link/../net.json") == folder.path / "link/../net.json");
  CHECK(spec::plain_path(folder.path / "link/./net.json") == folder.path / "link/net.json");
  CHECK(spec::plain_path(folder.path / "loop/../x") == folder.path / "x");
}
