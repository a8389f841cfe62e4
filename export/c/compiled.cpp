#include "export/c/compiled.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <sstream>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/outside_program.hpp"
#include "export/c/c_names.hpp"

namespace atto::deploy::c {
namespace {

namespace fs = std::filesystem;

/// A program that reads images from a file and writes outputs to another.
constexpr const char* kMain = R"(#include <stdio.h>
#include <stdlib.h>
#include "{0}.h"

int main(int argc, char **argv) {{
  static {2} image[{3}_HEIGHT * {3}_WIDTH * {3}_CHANNELS];
  static float outputs[{3}_OUTPUTS];
  FILE *from = argc == 3 ? fopen(argv[1], "rb") : NULL, *to = argc == 3 ? fopen(argv[2], "wb") : NULL;
  void *arena = malloc({3}_ARENA_BYTES);
  if (from == NULL || to == NULL || arena == NULL) return 1;
  while (fread(image, sizeof image, 1, from) == 1) {{
    {1};
    if (fwrite(outputs, sizeof outputs, 1, to) != 1) return 1;
  }}
  free(arena);
  return fclose(to) != 0 || fclose(from) != 0;
}}
)";

/// A folder that is removed with all that is in it.
class WorkFolder {
 public:
  explicit WorkFolder(const fs::path& folder) : path(folder) {
    std::error_code error;
    fs::remove_all(path, error);
    fs::create_directory(path, error);
    if (error) throw EnvironmentError("cannot make", path.string(), error.value());
  }
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  const fs::path path;
};

/// The words of a command: CC="ccache gcc".
std::vector<std::string> words_of(const std::string& command) {
  std::istringstream stream(command);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string compiler() {
  const char* named = std::getenv("CC");
  return named == nullptr || words_of(named).empty() ? "cc" : named;
}

std::string first_line(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return {};
  const std::string all = spec::read_file(file);
  return all.substr(0, all.find('\n'));
}

/// Runs the compiler with these arguments.
int compile(const std::string& compiler, const std::vector<std::string>& arguments,
            const fs::path& said) {
  std::vector<std::string> command = words_of(compiler);
  command.insert(command.end(), arguments.begin(), arguments.end());
  return spec::run_program(command, said);
}

/// Why this machine cannot compile and run C at all; empty where it can.
std::string trouble_of(const std::string& compiler, const fs::path& folder) {
  spec::write_file_atomically(
      folder / "empty.c",
      "#include <math.h>\n#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n");
  const fs::path said = folder / "said", program = folder / "empty";
  const int code =
      compile(compiler, {"-o", program.string(), (folder / "empty.c").string(), "-lm"}, said);
  if (code == spec::kNoProgram) return "no C compiler (" + compiler + ")";
  if (code != 0) {
    const std::string why = first_line(said);
    return compiler + " compiles nothing" + (why.empty() ? "" : ": " + why);
  }
  if (spec::run_program({program.string()}, said) != 0)
    return "programs cannot be run in " + folder.parent_path().string();
  return {};
}

std::vector<float> read_floats(const fs::path& file) {
  const std::string bytes = spec::read_file(file);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

std::string main_text(const std::string& stem, bool has_pixels) {
  const std::string prefix = identifier(stem);
  const char* call =
      has_pixels ? "_run_in(arena, image, outputs)" : "_run_values_in(arena, image, outputs)";
  return fmt::format(fmt::runtime(kMain), stem, prefix + call, has_pixels ? "uint8_t" : "float",
                     capitals(prefix));
}

}  // namespace

Outputs run_compiled(const CompiledModel& model, const Images& images) {
  const WorkFolder work(model.file.parent_path() / ".compiled");
  const std::string cc = compiler();
  const fs::path program = work.path / "main", said = work.path / "said";
  const bool has_pixels = !images.pixels.empty();
  spec::write_file_atomically(work.path / "main.c",
                              main_text(model.file.stem().string(), has_pixels));
  std::vector<std::string> arguments = model.flags;
  arguments.insert(arguments.end(),
                   {"-I", model.file.parent_path().string(), "-o", program.string(),
                    (work.path / "main.c").string(), model.file.string(), "-lm"});
  const int compiled = compile(cc, arguments, said);
  const std::string complaint = first_line(said);
  if (const std::string trouble = compiled == 0 ? "" : trouble_of(cc, work.path); !trouble.empty())
    return {{}, {}, trouble};
  if (compiled != 0) throw InternalError(cc + " refuses the file: " + complaint);
  const std::string_view bytes =
      has_pixels ? std::string_view(reinterpret_cast<const char*>(images.pixels.data()),
                                    images.pixels.size_bytes())
                 : std::string_view(reinterpret_cast<const char*>(images.values.data()),
                                    images.values.size_bytes());
  spec::write_file_atomically(work.path / "images", bytes);
  const int code = spec::run_program(
      {program.string(), (work.path / "images").string(), (work.path / "outputs").string()}, said);
  if (code != 0) {
    if (const std::string trouble = trouble_of(cc, work.path); !trouble.empty())
      return {{}, {}, trouble};
    throw InternalError(fmt::format("the compiled C ended with exit code {}", code));
  }
  return {read_floats(work.path / "outputs"),
          fmt::format("{} {}", cc, fmt::join(model.flags, " "))};
}

}  // namespace atto::deploy::c
