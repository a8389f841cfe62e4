#pragma once
// The files that a trained network is: its weights, and reference results for whoever runs it
// elsewhere.

#include <filesystem>
#include <span>
#include <vector>

#include "prototypes/network/weights.hpp"
#include "trainer/data/dataset.hpp"
#include "trainer/evaluator.hpp"
#include "trainer/training/evaluation.hpp"
#include "trainer/training/task.hpp"

namespace atto::train {

/// Writes weights.safetensors: the network's tensors, with what a reader needs to use them as
/// metadata, the task's own among that.
void write_weights(const std::filesystem::path& file, const TrialRequest& request,
                   const Dataset& data, const Task& task, const TrainedWeights& trained);

/// Returns what a reference holds when nothing else is asked for: the first 64 test images, or
/// validation images where there is no test split.
std::span<const std::int32_t> reference_images(const Dataset& data);

/// Returns what LibTorch says of whole images, and adds those as normalised float [N, C, H, W]
/// under "inputs".
Maps run_by_torch(const net::Network& network, const Dataset& data,
                  std::span<const std::int32_t> images, const ParameterLayout& layout,
                  const TrainedWeights& trained, const std::vector<int>& outputs,
                  net::TensorFile& inputs);

/// Writes reference.safetensors: what the task says (Task::reference), and as metadata which
/// weights and data it is of.
void write_reference(const std::filesystem::path& file, const Dataset& data,
                     const ParameterLayout& layout, const TrainedWeights& trained,
                     net::TensorFile contents);

}  // namespace atto::train
