#include "search/tables/row_file.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"

namespace atto::search {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 28;

/// Splits CSV into records, from the start of a text.
class Records {
 public:
  Records(const std::string& file, std::string_view text) : file_(file), text_(text) {
    if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;
  }

  bool is_at_end() const { return at_ == text_.size(); }
  std::uint32_t line() const { return line_; }

  std::vector<std::string> next() {
    std::vector<std::string> fields;
    do fields.push_back(field());
    while (!take_end());
    return fields;
  }

 private:
  std::string field() {
    if (!is_at_end() && text_[at_] == '"') return quoted();
    const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    std::string_view found = text_.substr(at_, end - at_);
    at_ = end;
    while (found.starts_with(' ')) found.remove_prefix(1);
    while (found.ends_with(' ')) found.remove_suffix(1);
    return std::string(found);
  }

  std::string quoted() {
    const std::uint32_t first = line_;
    std::string found;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        if (text_.substr(at_ + 1).starts_with('"'))
          ++at_;
        else
          return ++at_, found;
      }
      line_ += text_[at_] == '\n';
      found += text_[at_];
    }
    refuse(first, "a quotation mark must be closed");
  }

  /// Takes what follows a field: true at the end of its record.
  bool take_end() {
    if (is_at_end()) return true;
    const char next = text_[at_];
    if (next == ',') return ++at_, false;
    if (next != '\r' && next != '\n') refuse(line_, "after a quoted field comes a comma");
    at_ += text_.substr(at_).starts_with("\r\n") ? 2 : 1;
    ++line_;
    return true;
  }

  [[noreturn]] void refuse(std::uint32_t line, const std::string& rule) const {
    throw SpecError({{fmt::format("{}:{}", file_, line), "", rule, ""}});
  }

  const std::string& file_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
};

}  // namespace

std::string RowFile::place(const Row& row, std::size_t field) const {
  return fmt::format("{}:{}:{}", file, row.line, field + 1);
}

RowFile read_rows(const std::filesystem::path& path) {
  RowFile read{path.string(), {}, {}};
  const std::string text = spec::read_file(path, kMostBytes);
  Records records(read.file, text);
  if (!records.is_at_end()) read.names = records.next();
  std::vector<Problem> problems;
  while (!records.is_at_end()) {
    RowFile::Row row{records.line(), {}};
    row.fields = records.next();
    if (row.fields.size() == 1 && row.fields[0].empty()) continue;  // an empty line
    if (row.fields.size() != read.names.size())
      problems.push_back({fmt::format("{}:{}", read.file, row.line), "",
                          fmt::format("must have {} fields, as the first line", read.names.size()),
                          std::to_string(row.fields.size())});
    else
      read.rows.push_back(std::move(row));
  }
  if (!problems.empty()) throw SpecError(std::move(problems));
  if (read.rows.empty())
    throw SpecError({{read.file, "", "must have a line of names, and rows after it", ""}});
  return read;
}

}  // namespace atto::search
