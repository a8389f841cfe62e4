#include "design_specs/errors.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace atto {
namespace {

std::string listed(const std::vector<Problem>& problems) {
  const std::size_t shown =
      std::min(problems.size(), static_cast<std::size_t>(SpecError::kMaxShown));
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += '\n';
    text += problems[i].text();
  }
  const std::size_t more = problems.size() - shown;
  if (more > 0) text += "\nand " + std::to_string(more) + " more problem" + (more > 1 ? "s" : "");
  return text;
}

}  // namespace

std::string Problem::text() const {
  std::string text = location;
  if (!text.empty()) text += ": ";
  if (!path.empty()) text += path + ": ";
  text += rule;
  if (!value.empty()) text += "; got " + value;
  return text;
}

SpecError::SpecError(std::vector<Problem> problems)
    : std::runtime_error(listed(problems)), problems_(std::move(problems)) {}

EnvironmentError::EnvironmentError(std::string_view what, std::string_view path, int error_number)
    : std::runtime_error(std::string(what) + ": " + std::generic_category().message(error_number) +
                         ": " + std::string(path)) {}

}  // namespace atto
