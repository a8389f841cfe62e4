// `atto reopen`: a design with some of its holes back, to be filled anew.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "design_specs/files.hpp"
#include "design_specs/json_text.hpp"
#include "prototypes/language/prototype.hpp"
#include "search/cli/command_line.hpp"
#include "search/cli/path_kind.hpp"

namespace atto::cli {
namespace {

struct ReopenOptions {
  std::string design, out;
  std::vector<std::string> free;
  bool is_list = false, is_json = false;
};

const char* by_name(net::By by) {
  return by == net::By::Human ? "human" : "machine";
}

void list_text(const net::Prototype& prototype) {
  for (const net::Provenance& record : prototype.provenance())
    fmt::print("{:<8} {} = {}\n", by_name(record.by), record.path, record.value);
}

void list_json(const net::Prototype& prototype) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const net::Provenance& record : prototype.provenance())
    all.push_back({{"path", record.path},
                   {"value", nlohmann::ordered_json::parse(record.value, nullptr, false)},
                   {"by", by_name(record.by)}});
  fmt::print("{}\n", spec::json_text(all, 2));
}

int reopen(const ReopenOptions& options) {
  const spec::Document document =
      read_expected(options.design, "atto reopen", {PathKind::Network}).document;
  if (options.is_list) {
    (options.is_json ? list_json : list_text)(net::Prototype(document));
    return 0;
  }
  const std::string text = net::reopened_text(document, options.free);
  if (options.out.empty()) {
    fmt::print("{}", text);
    return 0;
  }
  spec::write_file_atomically(options.out, text);
  if (options.is_json)
    fmt::print("{}\n", spec::json_text(nlohmann::ordered_json({{"written", options.out}}), 2));
  return 0;
}

}  // namespace

void add_reopen(CLI::App& app, Action& action) {
  auto options = std::make_shared<ReopenOptions>();
  Command command(app, "reopen", "Turn decisions of a design back into holes of a prototype");
  command.option("design", options->design, "a design that records its decisions").required();
  Option free =
      command
          .option("--free", options->free,
                  "path of a decision, or of a module or stage for all in it; [*] stands for "
                  "any index, * for everything")
          .take_all();
  command.option("--out", options->out, "file to write (default: standard output)");
  Option listing =
      command.flag("--list", options->is_list, "list the recorded decisions").excludes(free);
  command.flag("--json", options->is_json, "print the list, or the file written, as JSON");
  command.footer(
      "Example:\n"
      "  atto reopen designs/0f3a.json --free 'stages[1].modules[*]' --out mine.json");
  command.makes(action, [options, free, listing]() -> Action {
    if (!free.is_given() && !listing.is_given()) throw_missing("--free or --list");
    return [options] { return reopen(*options); };
  });
}

}  // namespace atto::cli
