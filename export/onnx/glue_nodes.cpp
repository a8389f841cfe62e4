#include "export/onnx/glue_nodes.hpp"

#include <span>

namespace atto::deploy::onnx {

std::string GlueNodes::add(const char* op, const std::string& name, std::vector<std::string> inputs,
                           std::map<std::string, Attribute> attributes) {
  return graph_.add(op, name, std::move(inputs), std::move(attributes));
}

std::string GlueNodes::whole(const std::string& name, std::int64_t value) {
  return graph_.integers(name, {value});
}

std::string GlueNodes::reshape(const std::string& name, const std::string& from,
                               const Wholes& shape) {
  return add("Reshape", name, {from, graph_.integers(name + ".shape", shape)});
}

std::string GlueNodes::slice(const std::string& name, const std::string& from, std::int64_t axis,
                             std::int64_t begin, std::int64_t end) {
  return add("Slice", name,
             {from, whole(name + ".begin", begin), whole(name + ".end", end),
              whole(name + ".axis", axis)});
}

std::string GlueNodes::gather(const std::string& name, const std::string& from,
                              const std::string& places) {
  return add("Gather", name, {from, places}, {{"axis", std::int64_t{0}}});
}

std::string GlueNodes::concat(const std::string& name, std::vector<std::string> parts,
                              std::int64_t axis) {
  if (parts.size() == 1) return parts.front();
  return add("Concat", name, std::move(parts), {{"axis", axis}});
}

std::string GlueNodes::transpose(const std::string& name, const std::string& from, Wholes order) {
  return add("Transpose", name, {from}, {{"perm", std::move(order)}});
}

std::string GlueNodes::decode(const std::string& name, const std::string& deltas,
                              const std::string& boxes, const det::DeltaWeights& by) {
  const auto weighed = [&](const char* part, const std::string& of, float weight) {
    return weight == 1 ? of : add("Div", name + part, {of, graph_.number(weight)});
  };
  const std::string low = slice(name + "/low", boxes, -1, 0, 2);
  const std::string size =
      add("Sub", name + "/size", {slice(name + "/high", boxes, -1, 2, 4), low});
  const std::string half = add("Mul", name + "/half", {size, graph_.number(0.5F)});
  const std::string moved =
      weighed("/move", slice(name + "/move_delta", deltas, -1, 0, 2), by.middle);
  const std::string middle = add("Add", name + "/middle",
                                 {add("Add", name + "/middle_before", {low, half}),
                                  add("Mul", name + "/moved", {moved, size})});
  const std::string stretch =
      weighed("/stretch", slice(name + "/stretch_delta", deltas, -1, 2, 4), by.size);
  const std::string stretched =
      add("Exp", name + "/stretched",
          {add("Min", name + "/stretch_most", {stretch, graph_.number(det::kMostStretch)})});
  const std::string reach =
      add("Mul", name + "/reach",
          {add("Mul", name + "/new_size", {stretched, size}), graph_.number(0.5F)});
  if (sides_.empty())
    sides_ =
        graph_.constant("picture/sides", std::vector<float>{picture_.width, picture_.height}, {2});
  const auto corner = [&](const char* op, const std::string& part) {
    const std::string at = add(op, name + part, {middle, reach});
    const std::string above = add("Max", name + part + "_above", {at, graph_.number(0)});
    return add("Min", name + part + "_inside", {above, sides_});
  };
  return concat(name, {corner("Sub", "/first"), corner("Add", "/last")}, -1);
}

std::string GlueNodes::sides_of(const std::string& name, const std::string& boxes) {
  return add("Sub", name,
             {slice(name + "/high", boxes, -1, 2, 4), slice(name + "/low", boxes, -1, 0, 2)});
}

std::string GlueNodes::valid_scores(const std::string& name, const Candidates& candidates,
                                    const std::string& condition) {
  const std::string least =
      add("ReduceMin", name + "/least_side", {sides_of(name + "/sides", candidates.boxes)},
          {{"axes", Wholes{-1}}, {"keepdims", std::int64_t{0}}});
  const std::string is_box =
      add("GreaterOrEqual", name + "/is_box", {least, graph_.number(det::kLeastSide)});
  const std::string is_valid = add("And", name + "/is_valid", {is_box, condition});
  return add("Where", name, {is_valid, candidates.scores, graph_.number(kNever)});
}

Selected GlueNodes::select(const std::string& name, const Groups& groups, std::int64_t most,
                           float threshold) {
  const std::string rivals =
      add("NonMaxSuppression", name + "/suppression",
          {groups.grouped.boxes, reshape(name + "/group_scores", groups.grouped.scores, {0, 1, -1}),
           whole(name + "/most", most),
           graph_.constant(name + "/threshold", std::span<const float>(&threshold, 1), {1}),
           graph_.constant(name + "/least_score", std::span<const float>(&kSome, 1), {1})});
  const auto step = [&](const char* part, std::int64_t column, std::int64_t by) {
    const std::string at = name + part;
    const std::string index =
        reshape(at + "/index", slice(at + "/column", rivals, 1, column, column + 1), {-1});
    return by == 1 ? index : add("Mul", at, {index, whole(at + ".step", by)});
  };
  const std::string left =
      add("Add", name + "/left",
          {step("/group", 0, groups.group_step), step("/item", 2, groups.item_step)});
  Selected selected;
  const std::string how_many = add("Shape", name + "/left_count", {left});
  selected.count = add("Min", name + "/count", {how_many, whole(name + "/limit", most)});
  const std::string rows = add("Max", name + "/rows", {selected.count, whole(name + "/one", 1)});
  const std::string none = add("Min", name + "/none", {groups.order.scores, graph_.number(kNever)});
  const std::string best =
      add("ScatterElements", name + "/left_scores",
          {none, left, gather(name + "/scores_left", groups.order.scores, left)},
          {{"axis", std::int64_t{0}}});
  selected.places =
      graph_.add_second("TopK", name + "/best", {best, rows}, {{"axis", std::int64_t{0}}});
  selected.scores = gather(name + "/scores", best, selected.places);
  selected.is_said = add("Greater", name + "/is_said", {selected.scores, graph_.number(kSome)});
  selected.boxes =
      add("Where", name + "/boxes",
          {reshape(name + "/is_row", selected.is_said, {-1, 1}),
           gather(name + "/best_boxes", groups.order.boxes, selected.places), graph_.number(0)});
  return selected;
}

}  // namespace atto::deploy::onnx
