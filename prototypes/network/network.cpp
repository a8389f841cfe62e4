#include "prototypes/network/network.hpp"

namespace atto::net {

std::string_view op_name(const Op& op) {
  static constexpr std::string_view kNames[] = {
      "input",   "conv", "batch_norm", "activation",          "add",      "concat",   "slice",
      "shuffle", "pool", "pool_to",    "global_average_pool", "multiply", "upsample", "dense",
      "softmax"};
  static_assert(std::size(kNames) == std::variant_size_v<Op>);
  return kNames[op.index()];
}

}  // namespace atto::net
