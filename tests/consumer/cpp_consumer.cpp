// The C++ API as installed: open, run, print the first output.
#include <cmath>
#include <cstdio>
#include <vector>

#include "export/runtime/engine.hpp"

int main(int, char** argv) {
  atto::edge::Engine engine(atto::edge::Model::open(argv[1]));
  const auto& program = engine.model().program();
  engine.run(std::vector<float>(
      static_cast<std::size_t>(program.channels * program.height * program.width), 0.5F));
  for (const float value : engine.output())
    if (!std::isfinite(value)) return 1;
  std::printf("%s at %s: %zu values\n", program.name.c_str(),
              atto::edge::level_name(engine.level()).data(), engine.output().size());
}
