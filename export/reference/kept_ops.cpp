#include "export/reference/kept_ops.hpp"

#include "design_specs/errors.hpp"
#include "export/lowering/fused_network.hpp"
#include "export/reference/plain_ops.hpp"

namespace atto::deploy::plain {
namespace {

/// One overload an operation.
struct Run {
  const Maps& maps;

  std::span<const float> src() const { return maps.src[0]; }
  const net::Shape& in() const { return maps.in[0]; }

  void operator()(const net::Pool& op) const {
    (op.kind == net::Pool::Kind::Max ? max_pool : average_pool)(src(), in(), window_of(op),
                                                                maps.out, maps.dst);
  }
  void operator()(const net::PoolTo& /*op*/) const {
    adaptive_average_pool(src(), in(), maps.out, maps.dst);
  }
  void operator()(const net::GlobalAveragePool& /*op*/) const {
    adaptive_average_pool(src(), in(), maps.out, maps.dst);
  }
  void operator()(const net::Upsample& op) const {
    (op.mode == net::Upsample::Mode::Bilinear ? upsample_bilinear : upsample_nearest)(
        src(), in(), op.factor, maps.dst);
  }
  void operator()(const net::LayerNorm& /*op*/) const { layer_norm(src(), in(), maps.dst); }
  void operator()(const net::Softmax& /*op*/) const { softmax(src(), in(), maps.dst); }
  template <class Replaced>
  requires kIsReplaced<Replaced>
  void operator()(const Replaced& /*op*/) const {
    throw InternalError("fusion replaces the operation " + std::string(Replaced::kIdentity.name));
  }
};

}  // namespace

void run_kept(const net::Op& op, const Maps& maps) {
  std::visit(Run{maps}, op);
}

}  // namespace atto::deploy::plain
