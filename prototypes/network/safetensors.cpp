// The safetensors format: 8 bytes of little-endian header length, a JSON header, then the data of
// all tensors without gaps. A file is hostile until every number in it is checked.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "design_specs/reading/json.hpp"
#include "design_specs/reading/problems.hpp"
#include "prototypes/network/weights.hpp"

namespace atto::net {
namespace {

using spec::Cursor;
using spec::Kind;
using spec::Problems;

constexpr std::size_t kLengthBytes = 8;
constexpr std::string_view kMetadataKey = "__metadata__";
constexpr std::array<std::string_view, 7> kTypeNames = {"F32", "F16", "BF16", "I64",
                                                        "I32", "I8",  "U8"};
constexpr std::array<std::int64_t, 7> kTypeBytes = {4, 2, 2, 8, 4, 1, 1};
constexpr std::array<std::string_view, 3> kEntryKeys = {"dtype", "shape", "data_offsets"};

std::int64_t bytes_per_element(Tensor::Type type) {
  return kTypeBytes[static_cast<std::size_t>(type)];
}

/// Where a tensor's bytes lie in the data section, and the header's entry that says so.
struct Extent {
  std::int64_t begin, end;
  Tensor* tensor;
  Cursor offsets;
};

/// Returns begin and end when both are numbers inside the data.
std::optional<std::pair<std::int64_t, std::int64_t>> read_offsets(Problems& problems,
                                                                  const Cursor& at,
                                                                  std::int64_t data_bytes) {
  if (at->kind != Kind::Array || at->items.size() != 2) {
    problems.add(at, "must be [begin, end]");
    return std::nullopt;
  }
  const auto begin = problems.integer(at.at(0), 0, data_bytes);
  const auto end = problems.integer(at.at(1), 0, data_bytes);
  if (!begin || !end) return std::nullopt;
  if (*begin <= *end) return std::pair(*begin, *end);
  problems.add(at, "begin must be <= end");
  return std::nullopt;
}

std::optional<std::vector<std::int64_t>> read_shape(Problems& problems, const Cursor& at) {
  if (at->kind != Kind::Array) {
    problems.add(at, "must be a list of sizes");
    return std::nullopt;
  }
  std::vector<std::int64_t> shape;
  for (std::size_t i = 0; i < at->items.size(); ++i) {
    const auto side = problems.integer(at.at(i), 0, std::numeric_limits<std::int64_t>::max());
    if (!side) return std::nullopt;
    shape.push_back(*side);
  }
  return shape;
}

/// Returns the bytes of a tensor, or nothing when 64 bits do not hold them.
std::optional<std::int64_t> byte_count(const std::vector<std::int64_t>& shape, Tensor::Type type) {
  std::int64_t bytes = bytes_per_element(type);
  for (const std::int64_t side : shape)
    if (__builtin_mul_overflow(bytes, side, &bytes)) return std::nullopt;
  return bytes;
}

std::optional<Extent> read_entry(Problems& problems, const Cursor& at, std::int64_t data_bytes,
                                 Tensor& tensor) {
  if (!problems.expect_object(at, kEntryKeys)) return std::nullopt;
  const auto dtype = problems.required(at, "dtype");
  const auto shape = problems.required(at, "shape");
  const auto place = problems.required(at, "data_offsets");
  if (!dtype || !shape || !place) return std::nullopt;
  const auto type = problems.one_of(*dtype, kTypeNames);
  auto sides = read_shape(problems, *shape);
  const auto offsets = read_offsets(problems, *place, data_bytes);
  if (!type || !sides || !offsets) return std::nullopt;
  tensor.type = static_cast<Tensor::Type>(*type);
  tensor.shape = std::move(*sides);
  const auto bytes = byte_count(tensor.shape, tensor.type);
  if (!bytes || *bytes != offsets->second - offsets->first) {
    problems.add(*place, bytes ? fmt::format("must span {} bytes, as type and shape say", *bytes)
                               : std::string("the shape must fit 64 bits"));
    return std::nullopt;
  }
  return Extent{offsets->first, offsets->second, &tensor, *place};
}

void read_metadata(Problems& problems, const Cursor& at, TensorFile& contents) {
  if (at->kind != Kind::Object) {
    problems.add(at, "must be an object of texts");
    return;
  }
  for (const spec::Member& member : at->members) {
    const auto text = problems.text(at.at(member));
    if (text && !contents.metadata.emplace(member.key, *text).second)
      problems.add_at_key(at, member, "duplicate key");
  }
}

/// Checks that the tensors cover the data once, in whatever order the header lists them.
void check_cover(Problems& problems, std::vector<Extent>& extents, std::int64_t data_bytes,
                 const Cursor& header) {
  std::stable_sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::int64_t covered = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != covered) {
      problems.add(extent.offsets, fmt::format("must begin at {}: tensors lie without {}", covered,
                                               extent.begin < covered ? "overlaps" : "gaps"));
      return;
    }
    covered = extent.end;
  }
  if (covered != data_bytes)
    problems.add(header, fmt::format("the tensors must cover all {} data bytes", data_bytes),
                 fmt::format("{}", covered));
}

/// Reads the header; the tensors' bytes are left empty. Returns where they lie.
std::vector<Extent> read_header(Problems& problems, const Cursor& header, std::int64_t data_bytes,
                                TensorFile& contents) {
  std::vector<Extent> extents;
  if (header->kind != Kind::Object) {
    problems.add(header, "must be an object");
    return extents;
  }
  for (const spec::Member& member : header->members) {
    if (member.key == kMetadataKey) {
      read_metadata(problems, header.at(member), contents);
      continue;
    }
    const auto [entry, is_new] = contents.tensors.try_emplace(member.key);
    if (!is_new) {
      problems.add_at_key(header, member, "duplicate tensor");
      continue;
    }
    if (const auto extent = read_entry(problems, header.at(member), data_bytes, entry->second))
      extents.push_back(*extent);
  }
  if (problems.empty()) check_cover(problems, extents, data_bytes, header);
  return extents;
}

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

std::size_t header_bytes(std::string_view contents, const std::string& file) {
  if (contents.size() < kLengthBytes)
    throw SpecError({{file, "", "a safetensors file has at least 8 bytes",
                      fmt::format("{} bytes", contents.size())}});
  const std::uint64_t length = little_endian(contents);
  if (length > contents.size() - kLengthBytes)
    throw SpecError(
        {{file, "", fmt::format("the header must end inside the file of {} bytes", contents.size()),
          fmt::format("a header of {} bytes", length)}});
  if (length > spec::kMaxFileBytes)
    throw SpecError(
        {{file, "", fmt::format("the header must be at most {} bytes", spec::kMaxFileBytes),
          fmt::format("{} bytes", length)}});
  return static_cast<std::size_t>(length);
}

using NamedTensor = std::pair<const std::string, Tensor>;

std::string entry_text(const NamedTensor& entry, std::size_t begin) {
  const Tensor& tensor = entry.second;
  return fmt::format(R"({}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                     spec::json_string(entry.first),
                     kTypeNames[static_cast<std::size_t>(tensor.type)],
                     fmt::join(tensor.shape, ","), begin, begin + tensor.bytes.size());
}

std::string header_text(const TensorFile& contents, std::span<const NamedTensor* const> order) {
  std::vector<std::string> entries;
  if (!contents.metadata.empty()) {
    std::vector<std::string> texts;
    for (const auto& [key, text] : contents.metadata)
      texts.push_back(spec::json_string(key) + ":" + spec::json_string(text));
    entries.push_back(
        fmt::format("{}:{{{}}}", spec::json_string(kMetadataKey), fmt::join(texts, ",")));
  }
  std::size_t begin = 0;
  for (const NamedTensor* entry : order) {
    entries.push_back(entry_text(*entry, begin));
    begin += entry->second.bytes.size();
  }
  std::string text = fmt::format("{{{}}}", fmt::join(entries, ","));
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data starts on 8 bytes
  return text;
}

/// Returns the tensors as they lie in the file: the widest types first keeps every one aligned.
std::vector<const NamedTensor*> file_order(const TensorFile& contents) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& entry : contents.tensors) {
    const auto bytes = byte_count(entry.second.shape, entry.second.type);
    if (!bytes || *bytes != static_cast<std::int64_t>(entry.second.bytes.size()))
      throw InternalError("tensor " + entry.first + " does not hold the bytes of its shape");
    order.push_back(&entry);
  }
  std::stable_sort(order.begin(), order.end(), [](const NamedTensor* a, const NamedTensor* b) {
    return bytes_per_element(a->second.type) > bytes_per_element(b->second.type);
  });
  return order;
}

}  // namespace

std::int64_t Tensor::elements() const {
  std::int64_t count = 1;
  for (const std::int64_t side : shape) count *= side;
  return count;
}

TensorFile read_safetensors(const std::filesystem::path& file) {
  const std::string bytes = spec::read_file(file);
  const std::string name = file.string();
  const std::size_t length = header_bytes(bytes, name);
  const std::string_view data = std::string_view(bytes).substr(kLengthBytes + length);
  const spec::Document header =
      spec::parse_json(std::string_view(bytes).substr(kLengthBytes, length), name + " (header)");
  Problems problems(header.name);
  TensorFile contents;
  const std::vector<Extent> extents =
      read_header(problems, {&header.root, ""}, static_cast<std::int64_t>(data.size()), contents);
  problems.throw_if_any();
  for (const Extent& extent : extents)
    extent.tensor->bytes.assign(data.begin() + extent.begin, data.begin() + extent.end);
  return contents;
}

void write_safetensors(const std::filesystem::path& file, const TensorFile& contents) {
  const std::vector<const NamedTensor*> order = file_order(contents);
  const std::string header = header_text(contents, order);
  if (header.size() > spec::kMaxFileBytes)
    throw SpecError(
        {{file.string(), "",
          fmt::format("the network must have fewer tensors: their list takes at most {} bytes",
                      spec::kMaxFileBytes),
          fmt::format("{} bytes", header.size())}});
  std::string bytes;
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    bytes += static_cast<char>(std::uint64_t{header.size()} >> (8 * i) & 0xFF);
  bytes += header;
  for (const NamedTensor* entry : order)
    bytes.append(reinterpret_cast<const char*>(entry->second.bytes.data()),
                 entry->second.bytes.size());
  spec::write_file_atomically(file, bytes);
}

}  // namespace atto::net
