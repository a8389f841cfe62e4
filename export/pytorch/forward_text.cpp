#include "export/pytorch/forward_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace atto::deploy::pytorch {
namespace {

constexpr std::size_t kMostNested = 3;  ///< inputs of a join that are written inside of it
constexpr const char* kMainVariable = "x";

class Writer {
 public:
  explicit Writer(const ForwardText& of) : of_(of), names_(of.given) {
    for (std::size_t c = 0; c < of.calls.size(); ++c) made_by_[of.calls[c].value] = c;
    find_nested();
    find_last_uses();
  }

  Lines write(const std::string& indent) {
    Lines lines;
    for (const auto& [value, name] : names_) live_[name] = value;
    for (std::size_t c = 0; c < of_.calls.size(); ++c) {
      const Call& call = of_.calls[c];
      if (nested_.count(call.value) != 0) continue;
      const std::string text = expression(call);
      const bool is_last = c + 1 == of_.calls.size();
      if (is_last && of_.results == std::vector{call.value} && of_.is_nested) {
        lines.push_back({indent + "return " + text, comment(call)});
        return lines;
      }
      const std::string name = variable(call, c);
      lines.push_back({indent + name + " = " + text, comment(call)});
    }
    std::string returned;
    for (const int result : of_.results)
      returned += (returned.empty() ? "" : ", ") + names_.at(result);
    lines.push_back({indent + "return " + returned, ""});
    return lines;
  }

 private:
  static constexpr std::size_t kEnd = std::numeric_limits<std::size_t>::max();

  static bool is_join(const Call& call) { return call.kind == Call::Kind::Layer; }
  std::string comment(const Call& call) const {
    return is_join(call) ? shape_comment(of_.facts, call.value) : "";
  }

  void find_nested() {
    if (!of_.is_nested) return;
    std::map<int, std::size_t> reads;
    for (const Call& call : of_.calls)
      for (const int input : call.inputs) ++reads[input];
    for (const int result : of_.results) reads[result] += 2;
    for (const Call& call : of_.calls)
      for (const int input : call.inputs) {
        const auto made = made_by_.find(input);
        if (reads[input] != 1 || made == made_by_.end()) continue;
        if (is_join(call) != is_join(of_.calls[made->second]) && call.inputs.size() <= kMostNested)
          nested_.insert(input);
      }
  }

  /// The call that, at last, reads a value: itself, or through what is nested in it.
  void find_last_uses() {
    for (const int result : of_.results) last_use_[result] = kEnd;
    for (std::size_t c = 0; c < of_.calls.size(); ++c) {
      if (nested_.count(of_.calls[c].value) != 0) continue;
      for (const int read : reads_of(of_.calls[c])) {
        std::size_t& last = last_use_[read];
        last = std::max(last, c);
      }
    }
  }
  std::vector<int> reads_of(const Call& call) const {
    std::vector<int> reads;
    for (const int input : call.inputs) {
      if (nested_.count(input) == 0) {
        reads.push_back(input);
        continue;
      }
      const std::vector<int> inner = reads_of(of_.calls[made_by_.at(input)]);
      reads.insert(reads.end(), inner.begin(), inner.end());
    }
    return reads;
  }

  /// x goes on from statement to statement; what is read later has a name of its own.
  std::string variable(const Call& call, std::size_t at) {
    const auto use = last_use_.find(call.value);
    const std::size_t last = use == last_use_.end() ? at : use->second;
    const auto is_free = [&](const std::string& name) {
      const auto held = live_.find(name);
      if (held == live_.end()) return true;
      const auto of = last_use_.find(held->second);
      return of == last_use_.end() || of->second <= at;
    };
    const bool is_next = last <= next_statement(at) || (last == kEnd && of_.results.size() == 1);
    std::string name = kMainVariable;
    if (!is_next || !is_free(name)) {
      const std::string word = is_join(call) ? join_word(call.value) : call.name;
      name = word;
      for (int n = 2; !is_free(name); ++n) name = fmt::format("{}_{}", word, n);
    }
    live_[name] = call.value;
    names_[call.value] = name;
    return name;
  }
  std::size_t next_statement(std::size_t at) const {
    for (++at; at < of_.calls.size() && nested_.count(of_.calls[at].value) != 0;) ++at;
    return at;
  }
  std::string join_word(int layer) const {
    if (of_.facts.op<net::Slice>(layer) != nullptr) return "part";
    if (of_.facts.op<net::PoolTo>(layer) != nullptr) return "pooled";
    return "joined";
  }

  std::string operand(int value, bool wants_map) const {
    std::string text =
        nested_.count(value) != 0 ? expression(of_.calls[made_by_.at(value)]) : names_.at(value);
    const bool is_flattened = of_.flattened.count(value) != 0;
    if (is_flattened || (wants_map && of_.facts.is_flat(value))) text += "[:, :, None, None]";
    return text;
  }

  std::string expression(const Call& call) const {
    std::vector<std::string> inputs;
    for (const int input : call.inputs) inputs.push_back(operand(input, is_join(call)));
    const auto all = [&](const char* between) {
      return fmt::format("{}", fmt::join(inputs, between));
    };
    if (call.kind == Call::Kind::Child) return fmt::format("self.{}({})", call.callee, all(", "));
    if (of_.facts.op<net::Add>(call.value) != nullptr) return all(" + ");
    if (of_.facts.op<net::Multiply>(call.value) != nullptr) return all(" * ");
    if (const auto* slice = of_.facts.op<net::Slice>(call.value))
      return fmt::format("{}[:, {}:{}]", inputs[0], slice->begin, slice->end);
    const net::Shape& shape = of_.facts.shape(call.value);
    if (of_.facts.op<net::PoolTo>(call.value) != nullptr)
      return fmt::format("F.adaptive_avg_pool2d({}, ({}, {}))", inputs[0], shape.height,
                         shape.width);
    return fmt::format("torch.cat(({}{}), 1)", all(", "), inputs.size() == 1 ? "," : "");
  }

  const ForwardText& of_;
  std::map<int, std::string> names_;
  std::map<std::string, int> live_;  ///< by variable, the value that it holds
  std::map<int, std::size_t> made_by_, last_use_;
  std::set<int> nested_;
};

}  // namespace

Lines ForwardText::lines(const std::string& indent) const {
  return Writer(*this).write(indent);
}

}  // namespace atto::deploy::pytorch
