#include "prototypes/language/reading/chains.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "prototypes/language/keys.hpp"
#include "prototypes/language/limits.hpp"

namespace atto::net {

using spec::Kind;
using spec::Problems;

namespace {

bool asks_for_module(const Width& width) {
  return width.kind == Width::Kind::Module ||
         std::any_of(width.of.begin(), width.of.end(), asks_for_module);
}

}  // namespace

std::optional<Item> ChainReader::chain(const Where& where, const Cursor& at, Setting setting) {
  if (at->kind == Kind::Array) return list(where, at, setting);
  if (at->kind == Kind::String && at->string.starts_with('$')) return tied(where, at, setting);
  if (is_hole(*at)) return alternatives(where, at, setting);
  if (at->kind == Kind::Object && at->find("length") != nullptr)
    return free_form(where, at, setting);
  if (at->kind == Kind::Object && at->find("op") != nullptr) return operation(where, at, setting);
  if (is_body(*at)) return nested(where, at, setting);
  if (at->kind == Kind::Object && at->find("module") != nullptr) {
    holes_.problems.add(at, "a template stands for a module; inside of a chain write its body");
    return std::nullopt;
  }
  holes_.problems.add(at, R"(must be an operator {"op": ...}, a body with "chain" or "branches", )"
                          "a list of these, a hole or a tie of these");
  return std::nullopt;
}

std::optional<Item> ChainReader::list(const Where& where, const Cursor& at, Setting setting) {
  Item sequence;
  bool is_good = true;
  for (std::size_t i = 0; i < at->items.size(); ++i) {
    auto item = chain(where.index(i), at.at(i), setting);
    is_good = is_good && item.has_value();
    if (!item) continue;
    if (marks(sequence) > 0 && marks(*item) > 0)
      holes_.problems.add(at.at(i), R"(only one operator of a chain may say "stride": "module")");
    sequence.items.push_back(std::move(*item));
  }
  return is_good ? std::optional(std::move(sequence)) : std::nullopt;
}

/// Returns how many marked operators one pass through the item can meet.
int ChainReader::marks(const Item& item) const {
  if (item.kind == Item::Kind::Operator)
    return holes_.model.operators[static_cast<std::size_t>(item.op)].stride_rule ==
                   StrideRule::Module
               ? 1
               : 0;
  const bool is_body = item.kind == Item::Kind::Body;
  int sum = 0, most = 0;
  for (const Item& part :
       is_body ? holes_.model.bodies[static_cast<std::size_t>(item.op)].branches : item.items) {
    const int count = marks(part);
    sum += count;
    most = std::max(most, count);
  }
  return is_body || item.kind == Item::Kind::Choice ? most : sum;
}

/// Reads the chain that a tie stands for, at each of its places anew.
std::optional<Item> ChainReader::tied(const Where& where, const Cursor& at, Setting setting) {
  if (is_in_tie_) {
    holes_.problems.add(at, "a tie of chains must not hold another one");
    return std::nullopt;
  }
  is_in_tie_ = true;
  auto item = alternatives(where, at, setting);
  is_in_tie_ = false;
  return item;
}

std::optional<Item> ChainReader::alternatives(const Where& where, const Cursor& at,
                                              Setting setting) {
  if (at->find("range") != nullptr) {
    holes_.problems.add(at, R"(operators are chosen with "choose")");
    return std::nullopt;
  }
  const auto found = holes_.open(where, at);
  if (!found) return std::nullopt;
  holes_.note_use(*found, false);
  if (found->is_single())
    return chain(found->pinned < 0
                     ? where
                     : where.alternative(static_cast<std::size_t>(found->pinned), kNoDecision),
                 found->only(), setting);
  Item choice;
  choice.kind = Item::Kind::Choice;
  choice.decision = found->decision;
  bool is_good = true;
  for (std::size_t k = 0; k < found->options->items.size(); ++k) {
    auto item = chain(where.alternative(k, found->decision), found->options->items[k], setting);
    is_good = is_good && item.has_value();
    if (item) choice.items.push_back(std::move(*item));
  }
  return is_good ? std::optional(std::move(choice)) : std::nullopt;
}

std::optional<Item> ChainReader::free_form(const Where& where, const Cursor& at, Setting setting) {
  Problems& problems = holes_.problems;
  problems.expect_object(at, kFreeChainKeys);
  const auto length_at = Problems::member(at, "length");
  const auto ops = problems.required(at, "ops");
  const bool has_ops = ops && (*ops)->kind == Kind::Array && !(*ops)->items.empty();
  if (ops && !has_ops) problems.add(*ops, "must be a list of at least one operator");
  std::optional<Number> length;
  if ((*length_at)->kind == Kind::String)
    problems.add(*length_at, "must be a whole number or a hole; a tie cannot stand here");
  else
    length = holes_.number(where.key("length"), *length_at, 1, kMaxChainLength);
  if (!length || !has_ops) return std::nullopt;
  Item sequence;
  sequence.has_length = true;
  sequence.length = *length;
  const DecisionId id = length->decision;
  const std::vector<int> lengths =
      id == kNoDecision ? std::vector<int>{length->literal}
                        : holes_.model.decisions[static_cast<std::size_t>(id)].values;
  for (int i = 0; i < lengths.back(); ++i) {
    Where here = where;
    const auto from = std::upper_bound(lengths.begin(), lengths.end(), i) - lengths.begin();
    if (id != kNoDecision)
      here = here.when_at_least(static_cast<std::int32_t>(from),
                                holes_.model.decisions[static_cast<std::size_t>(id)], id);
    auto item = position(here.index(static_cast<std::size_t>(i)), *ops, setting);
    if (!item) return std::nullopt;
    sequence.items.push_back(std::move(*item));
  }
  return sequence;
}

/// Reads one position of a free-form chain: a choice among its operators.
std::optional<Item> ChainReader::position(const Where& where, const Cursor& ops, Setting setting) {
  const auto found = holes_.open_list(where, ops);
  if (!found) return std::nullopt;
  if (found->is_single())
    return chain(found->pinned < 0
                     ? where
                     : where.alternative(static_cast<std::size_t>(found->pinned), kNoDecision),
                 found->only(), setting);
  Item choice;
  choice.kind = Item::Kind::Choice;
  choice.decision = found->decision;
  for (std::size_t k = 0; k < found->options->items.size(); ++k) {
    auto item = chain(where.alternative(k, found->decision), found->options->items[k], setting);
    if (!item) return std::nullopt;
    choice.items.push_back(std::move(*item));
  }
  return choice;
}

std::optional<Item> ChainReader::operation(const Where& where, const Cursor& at, Setting setting) {
  Problems& problems = holes_.problems;
  const Cursor word = *Problems::member(at, "op");
  const std::string_view near =
      word->kind == Kind::String ? spec::nearest_name(word->string, kOperatorNames) : "";
  if (!near.empty() && near != word->string) {
    problems.add(word, fmt::format("no such operator; did you mean \"{}\"?", near), "");
    return std::nullopt;
  }
  const auto name = problems.one_of(word, kOperatorNames);
  if (!name) return std::nullopt;
  const std::size_t before = problems.size();
  problems.expect_object(at, kOperatorKeys[*name]);
  Operator op;
  op.kind = static_cast<OperatorKind>(*name);
  op.place = holes_.add_place(where, at);
  attributes(where, at, setting, op);
  stride(where, at, setting, op);
  own_width(where, at, setting, op);
  if (problems.size() == before) check_literals(at, op);
  holes_.check_size(at);
  if (problems.size() != before) return std::nullopt;
  Item item;
  item.kind = Item::Kind::Operator;
  item.op = static_cast<std::int32_t>(holes_.model.operators.size());
  holes_.model.operators.push_back(std::move(op));
  return item;
}

Number ChainReader::number_or(const Where& where, const Cursor& at, std::string_view key,
                              std::int64_t low, std::int64_t high, Number otherwise) {
  const auto written = Problems::member(at, key);
  if (!written) return otherwise;
  return holes_.number(where.key(key), *written, low, high).value_or(otherwise);
}

Choice<double> ChainReader::real_or(const Where& where, const Cursor& at, std::string_view key,
                                    const Reals& reals, double otherwise) {
  Choice<double> choice{{otherwise}, kNoDecision};
  if (const auto written = Problems::member(at, key))
    if (auto read = holes_.choice<double>(where.key(key), *written, [&](const Cursor& item) {
          return holes_.problems.number(item, reals.low, reals.high);
        }))
      choice = std::move(*read);
  return choice;
}

Pair ChainReader::pair_or(const Where& where, const Cursor& at, std::string_view key,
                          std::int64_t high, Number otherwise) {
  const auto written = Problems::member(at, key);
  if (!written) return otherwise;
  return holes_.pair(where.key(key), *written, 1, high).value_or(otherwise);
}

void ChainReader::attributes(const Where& where, const Cursor& at, Setting /*setting*/,
                             Operator& op) {
  const bool is_convolution = op.kind <= OperatorKind::Grouped;
  const bool is_pool = op.kind == OperatorKind::MaxPool || op.kind == OperatorKind::AveragePool;
  const bool is_deconv = op.kind == OperatorKind::Deconv;
  if (is_deconv) op.kernel = number_or(where, at, "kernel", 1, kMaxStride, {2});
  if (is_convolution && op.kind != OperatorKind::Pointwise)
    op.kernel = pair_or(where, at, "kernel", kMaxWrittenKernel, {3});
  if (is_pool) {
    if (holes_.problems.required(at, "kernel"))
      op.kernel = pair_or(where, at, "kernel", kMaxWrittenKernel, {2});
  }
  if (op.kind == OperatorKind::Grouped && holes_.problems.required(at, "groups"))
    op.groups = number_or(where, at, "groups", 1, kMaxWidth, {1});
  if (op.kind == OperatorKind::ChannelShuffle)
    op.groups = number_or(where, at, "groups", 1, kMaxWidth, {2});
  if (is_convolution) op.dilation = number_or(where, at, "dilation", 1, kMaxWrittenKernel, {1});
  op.reduction = number_or(where, at, "reduction", 1, kMaxWidth, {4});
  op.factor = number_or(where, at, "factor", 1, kMaxStride, {2});
  op.init = real_or(where, at, "init", {0, kMaxInit}, 1e-6);
  op.rate = real_or(where, at, "rate", {0, kMaxRate}, 0.2);
  op.mode.options = {0};
  if (const auto mode = Problems::member(at, "mode"))
    if (auto read = holes_.word(where.key("mode"), *mode, kUpsampleModeNames)) op.mode = *read;
  op.padding.options = {Padding::Same};
  if (const auto padding = Problems::member(at, "padding"))
    if (auto read = holes_.named<Padding>(where.key("padding"), *padding, kPaddingNames))
      op.padding = std::move(*read);
  op.norm.options = {1};
  for (const auto& [key, target] : {std::pair("norm", &op.norm), std::pair("bias", &op.bias)})
    if (const auto written = Problems::member(at, key))
      if (const auto read = holes_.choice<std::uint8_t>(
              where.key(key), *written,
              [&](const Cursor& item) { return holes_.problems.boolean(item); }))
        *target = *read;
  if (op.kind == OperatorKind::SqueezeExcite) return squeeze_excite(where, at, op);
  const bool has_default = is_convolution || is_deconv || op.kind == OperatorKind::Activation;
  op.activation = has_default ? default_ : Choice<Activation>{{Activation::None}, kNoDecision};
  if (const auto written = Problems::member(at, "activation"))
    if (auto read = activation(where.key("activation"), *written)) op.activation = *read;
}

void ChainReader::squeeze_excite(const Where& where, const Cursor& at, Operator& op) {
  const auto channels = Problems::member(at, "channels");
  if (channels && !(*channels)->is_number() && !is_hole(**channels) &&
      !(*channels)->string.starts_with('$'))
    holes_.problems.add(*channels, "must be a whole number, a hole or a tie");
  else
    op.squeezed = number_or(where, at, "channels", 1, kMaxWidth, {0});
  if (channels && Problems::member(at, "reduction"))
    holes_.problems.add(*channels, "must not stand beside reduction");
  op.activation = {{Activation::Relu}, kNoDecision};
  op.gate = {{Activation::HardSigmoid}, kNoDecision};
  for (const auto& [key, target] :
       {std::pair("activation", &op.activation), std::pair("gate", &op.gate)})
    if (const auto written = Problems::member(at, key))
      if (auto read = activation(where.key(key), *written)) *target = *read;
}

std::optional<Choice<Activation>> ChainReader::activation(const Where& where, const Cursor& at) {
  return holes_.named<Activation>(where, at, kActivationNames);
}

void ChainReader::stride(const Where& where, const Cursor& at, Setting setting, Operator& op) {
  const bool is_pool = op.kind == OperatorKind::MaxPool || op.kind == OperatorKind::AveragePool;
  if (op.kind > OperatorKind::Grouped && !is_pool && op.kind != OperatorKind::Zero) return;
  const auto written = Problems::member(at, "stride");
  if (!written) {
    if (setting == Setting::Module)
      op.stride_rule = StrideRule::Placed;
    else if (is_pool)
      op.stride = op.kernel;  // a pool outside modules is there to shrink the map
    return;
  }
  if ((*written)->kind == Kind::String && !(*written)->string.starts_with('$')) {
    const bool may_be_module = setting == Setting::Module;
    if ((*written)->string != "module" || !may_be_module)
      holes_.problems.add(
          *written, may_be_module ? R"(must be a whole number, two of them, or "module")"
                                  : "must be a whole number, or two of them: [height, width]");
    op.stride_rule = StrideRule::Module;
    return;
  }
  op.stride = pair_or(where, at, "stride", kMaxStride, {1});
}

void ChainReader::own_width(const Where& where, const Cursor& at, Setting setting, Operator& op) {
  const bool is_dense = op.kind == OperatorKind::Dense;
  const bool is_deconv = op.kind == OperatorKind::Deconv;
  if (!is_dense && !is_deconv &&
      (op.kind > OperatorKind::Grouped || op.kind == OperatorKind::Depthwise))
    return;
  const auto written = Problems::member(at, "channels");
  if (written) {
    if (const auto read = width(where.key("channels"), *written, setting)) op.width = *read;
  } else if (is_dense && setting != Setting::Detector) {
    op.width.number.literal = WidthExpression::kClasses;
  } else if (setting == Setting::Module || (setting == Setting::Detector && !is_dense)) {
    op.width.kind = Width::Kind::Module;
  } else {
    (void)holes_.problems.required(at, "channels");
  }
  if (!has_module_width_ && widthless_.empty() && asks_for_module(op.width))
    widthless_ =
        fmt::format("{} at {}", kOperatorNames[static_cast<std::size_t>(op.kind)], where.place);
}

/// Checks what holds or fails whatever is decided elsewhere.
void ChainReader::check_literals(const Cursor& at, const Operator& op) {
  const bool has_fixed_width =
      op.width.kind == Width::Kind::Number && op.width.number.decision == kNoDecision;
  if (op.kind == OperatorKind::Grouped && has_fixed_width && op.groups.decision == kNoDecision &&
      op.width.number.literal % op.groups.literal != 0)
    holes_.problems.add(*Problems::member(at, "groups"),
                        fmt::format("must divide channels {}", op.width.number.literal));
}

}  // namespace atto::net
