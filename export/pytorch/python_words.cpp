#include "export/pytorch/python_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace atto::deploy::pytorch {
namespace {

// Keywords of Python 3, hard and soft ones; attributes of torch.nn.Module (2.x); names of model.py.
const std::set<std::string_view>& reserved() {
  static const std::set<std::string_view> words = {
      "False", "None", "True", "and", "as", "assert", "async", "await", "break", "case", "class",
      "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if",
      "import", "in", "is", "lambda", "match", "nonlocal", "not", "or", "pass", "raise", "return",
      "try", "type", "while", "with", "yield",
      //
      "add_module", "apply", "bfloat16", "buffers", "call_super_init", "children", "compile", "cpu",
      "cuda", "double", "dump_patches", "eval", "extra_repr", "float", "forward", "get_buffer",
      "get_extra_state", "get_parameter", "get_submodule", "half", "ipu", "load_state_dict",
      "modules", "mtia", "named_buffers", "named_children", "named_modules", "named_parameters",
      "parameters", "register_backward_hook", "register_buffer", "register_forward_hook",
      "register_forward_pre_hook", "register_full_backward_hook", "register_full_backward_pre_hook",
      "register_load_state_dict_post_hook", "register_load_state_dict_pre_hook", "register_module",
      "register_parameter", "register_state_dict_post_hook", "register_state_dict_pre_hook",
      "requires_grad_", "set_extra_state", "set_submodule", "share_memory", "state_dict", "to",
      "to_empty", "train", "training", "xpu", "zero_grad",
      //
      "self", "x", "nn", "F", "torch", "num_classes", "num_features", "feature_info", "default_cfg",
      "forward_features", "forward_maps", "forward_head", "get_classifier", "reset_classifier",
      "pre_logits"};
  return words;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes one code point of UTF-8 off the text; U+FFFD and one byte where there is none.
std::uint32_t take_code_point(std::string_view& text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(0);
  const std::size_t length = first < 0x80         ? 1
                             : first >> 5 == 0x06 ? 2
                             : first >> 4 == 0x0E ? 3
                             : first >> 3 == 0x1E ? 4
                                                  : 0;
  std::uint32_t point = length < 2 ? first : first & (0x7Fu >> length);
  bool is_good = length > 0 && length <= text.size();
  for (std::size_t i = 1; is_good && i < length; ++i) {
    is_good = byte(i) >> 6 == 2;
    point = point << 6 | (byte(i) & 0x3F);
  }
  is_good = is_good && point <= 0x10FFFF && !(point >= 0xD800 && point < 0xE000);
  text.remove_prefix(is_good ? length : 1);
  return is_good ? point : 0xFFFD;
}

}  // namespace

bool is_free_word(std::string_view text) {
  return !text.empty() && is_letter(text.front()) && text.back() != '_' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_'; }) &&
         reserved().count(text) == 0;
}

std::string class_word(std::string_view text) {
  std::string word;
  bool is_start = true;
  for (const char c : text) {
    const bool is_kept = is_letter(c) || (is_digit(c) && !word.empty());
    if (is_kept) word += is_start && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    is_start = !is_kept;
  }
  return is_free_word(word) ? word : "";
}

std::string python_text(std::string_view text) {
  std::string written = "\"";
  while (!text.empty()) {
    const std::uint32_t point = take_code_point(text);
    if (point == '"' || point == '\\')
      written.append("\\").append(1, static_cast<char>(point));
    else if (point == '\n')
      written += "\\n";
    else if (point >= 0x20 && point < 0x7F)
      written += static_cast<char>(point);
    else if (point < 0x100)
      written += fmt::format("\\x{:02x}", point);
    else
      written +=
          point < 0x10000 ? fmt::format("\\u{:04x}", point) : fmt::format("\\U{:08x}", point);
  }
  return written + "\"";
}

std::string python_number(double value) {
  const std::string text = fmt::format("{:.9g}", value);
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

std::string Names::give(const std::string& word) {
  std::string name = word;
  for (int n = 2; !taken_.insert(name).second; ++n) name = fmt::format("{}_{}", word, n);
  return name;
}

}  // namespace atto::deploy::pytorch
