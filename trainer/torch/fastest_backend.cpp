#include "trainer/torch/backend.hpp"

namespace atto::train {

std::unique_ptr<Backend> make_backend(const net::Network& network, const ParameterLayout& layout,
                                      const BackendSettings& settings) {
  return make_torch_backend(network, layout, settings);
}

}  // namespace atto::train
