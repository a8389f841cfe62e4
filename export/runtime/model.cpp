#include "export/runtime/model.hpp"

#include <utility>

namespace atto::edge {

struct Model::Contents {
  std::shared_ptr<const void> owner;
  format::ModelView view;
};

Model::Model(std::shared_ptr<const Contents> contents) : contents_(std::move(contents)) {}

Model Model::view(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  return Model(std::make_shared<const Contents>(Contents{std::move(owner), format::decode(bytes)}));
}

Model Model::view(std::span<const std::byte> bytes) {
  return view(bytes, nullptr);
}

const format::Program& Model::program() const {
  return contents_->view.program;
}

std::span<const std::byte> Model::weights() const {
  return contents_->view.weights;
}

void Model::check_weights() const {
  if (format::checksum(weights()) != contents_->view.weights_checksum)
    throw format::ModelError(contents_->view.weights_offset, "weight section", "is damaged");
}

}  // namespace atto::edge
