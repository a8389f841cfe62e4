// CPU time of a training step of a small detector on one thread, on our kernels and on LibTorch's
// operators and autograd, in turns within one run. What stands between the networks is the same.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "tests/trainer/detectors.hpp"
#include "trainer/backend/torch/torch_backend.hpp"
#include "trainer/data/instances/instance_dataset.hpp"
#include "trainer/training/scenes.hpp"

using namespace atto;
using namespace atto::train;

namespace {

constexpr int kPictures = 8, kRounds = 15;

double cpu_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main() {
  prepare_process(1);
  const Dataset data = instance_dataset(
      open_instance_set("synthetic_instances:size=64,train=8,validation=4,test=4"), {3, 64, 64});
  const BackendMaker makers[] = {make_cpu_backend, make_torch_backend};
  std::unique_ptr<Detector> detectors[2];
  for (int i = 0; i < 2; ++i)
    detectors[i] = std::make_unique<Detector>(
        test::tiny_detector(3), DetectorSetting{Device::Cpu, 1, kPictures, makers[i]});
  const std::vector<float> weights = detectors[0]->initial_weights(1);
  std::vector<float> gradients(weights.size());
  std::vector<double> times[2];
  for (int round = 0; round <= kRounds; ++round) {
    const Scenes scenes = read_scenes(data, data.train, {}, 1, 1 + round, 1);
    for (int i = 0; i < 2; ++i) {
      const double started = cpu_milliseconds();
      detectors[i]->load(weights);
      detectors[i]->step(scenes.step(), nullptr, gradients);
      if (round > 0) times[i].push_back(cpu_milliseconds() - started);
    }
  }
  const double ours = median(times[0]), libtorch = median(times[1]);
  std::printf("ours %.1f ms, LibTorch %.1f ms of CPU a step of %d pictures: %.2f times\n", ours,
              libtorch, kPictures, libtorch / ours);
  return 0;
}
