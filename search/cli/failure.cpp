#include "search/cli/failure.hpp"

#include <errno.h>
#include <fmt/format.h>

#include <cstdio>
#include <new>
#include <nlohmann/json.hpp>
#include <system_error>

#include "design_specs/json_text.hpp"
#include "export/format/model_error.hpp"
#include "export/runtime/level.hpp"
#include "search/cli/terminal.hpp"

namespace atto::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Takes ":NUMBER" off the end of a place; null where it has none.
Json take_number(std::string& place) {
  const std::size_t colon = place.rfind(':');
  if (colon == std::string::npos || colon + 1 == place.size() ||
      place.find_first_not_of("0123456789", colon + 1) != std::string::npos ||
      place.size() - colon > 10)
    return nullptr;
  const int number = std::stoi(place.substr(colon + 1));
  place.resize(colon);
  return number;
}

Json json_of(const Problem& problem) {
  std::string file = problem.location;
  Json column = take_number(file), line = take_number(file);
  if (line.is_null()) std::swap(line, column);
  return {{"file", file},         {"line", line},         {"column", column},
          {"path", problem.path}, {"rule", problem.rule}, {"got", problem.value}};
}

Json error_json(const Failure& failure) {
  Json problems = Json::array();
  for (const Problem& problem : failure.problems) problems.push_back(json_of(problem));
  return {{"exit", failure.exit},
          {"kind", failure.kind},
          {"message", failure.message},
          {"problems", std::move(problems)}};
}

/// People's paths need not be UTF-8.
std::string dumped(const Json& json) {
  return spec::json_text(json, 2);
}

std::string shown(const Failure& failure) {
  if (failure.kind != "input")
    return painted(Style::Bad, "atto:", stderr) + " " + failure.message + "\n";
  std::string text;
  for (std::size_t start = 0; start < failure.message.size();) {
    const std::size_t end = std::min(failure.message.find('\n', start), failure.message.size());
    text += painted_problem(std::string_view(failure.message).substr(start, end - start), stderr);
    text += "\n";
    start = end + 1;
  }
  return text;
}

}  // namespace

Failure missed(std::string message) {
  return {1, "miss", std::move(message)};
}

Failure interrupted(std::string message) {
  return {130, "interrupted", std::move(message)};
}

std::optional<Failure> failure_of(const std::function<void()>& action) {
  try {
    action();
    return {};
  } catch (const SpecError& error) {
    return Failure{2, "input", error.what(), error.problems()};
  } catch (const Interruption& error) {
    return interrupted(error.what());
  } catch (const edge::LevelError& error) {
    return Failure{2, "input", error.what(), {{"", "ATTO_ISA", error.what(), ""}}};
  } catch (const format::ModelError& error) {
    return Failure{3, "model", error.what()};
  } catch (const EnvironmentError& error) {
    return Failure{4, "environment", error.what()};
  } catch (const std::system_error& error) {
    return Failure{4, "environment", error.what()};
  } catch (const std::bad_alloc&) {
    return Failure{4, "environment", "out of memory"};
  } catch (const std::exception& error) {
    return Failure{70, "internal", std::string("internal error: ") + error.what()};
  }
}

std::string problem_json(const Problem& problem) {
  return dumped(json_of(problem));
}

std::string failure_json(const Failure& failure) {
  return dumped(error_json(failure));
}

int tell(const Failure& failure, bool is_json) {
  // Who asks this process to stop does not wait for a reader that stands still.
  const std::chrono::milliseconds patience =
      failure.kind == "interrupted" ? std::chrono::milliseconds(1000) : kPatient;
  say(shown(failure), patience);
  if (is_json && std::fflush(stdout) == 0)
    put(stdout, dumped({{"error", error_json(failure)}}) + "\n", patience);
  return failure.exit;
}

int run_guarded(const Action& action, bool is_json) {
  int code = 0;
  const std::optional<Failure> failure = failure_of([&] {
    if (action) code = action();
    if (std::fflush(stdout) != 0) throw EnvironmentError("cannot write", "standard output", errno);
  });
  return failure ? tell(*failure, is_json) : code;
}

}  // namespace atto::cli
