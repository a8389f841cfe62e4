// The C API: checks, calls, and turns every exception into a status.
#include <algorithm>
#include <stdexcept>

#include "export/format/program_rules.hpp"
#include "export/runtime/c_api/guarded.hpp"
#include "export/runtime/c_api/handles.hpp"
#include "export/runtime/engine.hpp"

struct atto_engine {
  atto::edge::Engine engine;
};

namespace {

using atto::edge::Engine;
using atto::edge::Model;
using atto::edge::put;

const atto::format::Program& program_of(const atto_model* model) {
  return model->model.program();
}

bool is_index(std::int32_t index, std::size_t size) {
  return index >= 0 && static_cast<std::size_t>(index) < size;
}

std::size_t image_values(const Engine& engine) {
  const atto::format::Program& program = engine.model().program();
  return static_cast<std::size_t>(program.channels) * static_cast<std::size_t>(program.height) *
         static_cast<std::size_t>(program.width);
}

}  // namespace

atto::edge::EngineOptions atto::edge::plain(const atto_engine_options& from) {
  atto::edge::EngineOptions options;
  options.threads = from.threads;
  if (from.level != nullptr) {
    options.level = atto::edge::level_named(from.level);
    if (!options.level) throw std::invalid_argument("level: unknown name");
  }
  if (from.parallel_for != nullptr)
    options.parallel_for = [run = from.parallel_for, user = from.user](
                               int parts, const std::function<void(int)>& body) {
      run(
          user, parts,
          [](void* context, std::int32_t part) {
            (*static_cast<const std::function<void(int)>*>(context))(part);
          },
          const_cast<void*>(static_cast<const void*>(&body)));
    };
  return options;
}

const char* atto_status_text(atto_status status) noexcept {
  switch (status) {
    case ATTO_OK:
      return "ok";
    case ATTO_INVALID_ARGUMENT:
      return "invalid argument";
    case ATTO_BAD_MODEL:
      return "bad model";
    case ATTO_SYSTEM_ERROR:
      return "system error";
    case ATTO_OUT_OF_MEMORY:
      return "out of memory";
    case ATTO_INTERNAL_ERROR:
      return "internal error";
    case ATTO_NOT_IN_MODEL:
      return "not in the model";
  }
  return "unknown status";
}

atto_status atto_model_open(const char* path, atto_model** model, atto_text message) noexcept {
  if (path == nullptr) return ATTO_INVALID_ARGUMENT;
  return atto::edge::open(model, message, [&] { return Model::open(path); });
}

atto_status atto_model_view(const void* bytes, size_t size, atto_model** model,
                            atto_text message) noexcept {
  if (bytes == nullptr) return ATTO_INVALID_ARGUMENT;
  return atto::edge::open(model, message, [&] {
    return Model::view({static_cast<const std::byte*>(bytes), size});
  });
}

atto_status atto_model_check_weights(const atto_model* model, atto_text message) noexcept {
  if (model == nullptr) return ATTO_INVALID_ARGUMENT;
  return atto::edge::guarded(message, [&] {
    model->model.check_weights();
    return ATTO_OK;
  });
}

void atto_model_close(atto_model* model) noexcept {
  delete model;
}

atto_status atto_model_describe(const atto_model* model, atto_model_info* info) noexcept {
  if (model == nullptr || info == nullptr) return ATTO_INVALID_ARGUMENT;
  const atto::format::Program& program = program_of(model);
  *info = {program.channels,
           program.height,
           program.width,
           static_cast<std::int32_t>(program.outputs.size()),
           static_cast<std::int32_t>(program.classes.size()),
           static_cast<std::int32_t>(atto::format::chains_of(program).size()),
           program.macs(),
           program.arena_bytes,
           model->model.weights().size(),
           program.structure_hash};
  return ATTO_OK;
}

atto_status atto_model_output(const atto_model* model, std::int32_t index, atto_shape* shape,
                              atto_text name) noexcept {
  if (model == nullptr || !is_index(index, program_of(model).outputs.size()))
    return ATTO_INVALID_ARGUMENT;
  const auto& output = program_of(model).outputs[static_cast<std::size_t>(index)];
  const auto& tensor = program_of(model).tensors[output.tensor];
  if (shape != nullptr) *shape = {tensor.channels, tensor.height, tensor.width};
  put(name, output.name);
  return ATTO_OK;
}

atto_status atto_model_class_name(const atto_model* model, std::int32_t index,
                                  atto_text name) noexcept {
  if (model == nullptr || !is_index(index, program_of(model).classes.size()))
    return ATTO_INVALID_ARGUMENT;
  put(name, program_of(model).classes[static_cast<std::size_t>(index)]);
  return ATTO_OK;
}

atto_status atto_engine_open(const atto_model* model, const atto_engine_options* options,
                             atto_engine** engine, atto_text message) noexcept {
  if (model == nullptr) return ATTO_INVALID_ARGUMENT;
  return atto::edge::open(engine, message, [&] {
    return Engine(model->model,
                  options == nullptr ? atto::edge::EngineOptions{} : atto::edge::plain(*options));
  });
}

void atto_engine_close(atto_engine* engine) noexcept {
  delete engine;
}

atto_status atto_engine_run(atto_engine* engine, const float* image, size_t count) noexcept {
  if (engine == nullptr || image == nullptr || count != image_values(engine->engine))
    return ATTO_INVALID_ARGUMENT;
  engine->engine.run({image, count});
  return ATTO_OK;
}

atto_status atto_engine_run_pixels(atto_engine* engine, const uint8_t* pixels,
                                   size_t count) noexcept {
  if (engine == nullptr || pixels == nullptr || count != image_values(engine->engine))
    return ATTO_INVALID_ARGUMENT;
  engine->engine.run_pixels({pixels, count});
  return ATTO_OK;
}

atto_status atto_engine_output(const atto_engine* engine, std::int32_t index, float* values,
                               size_t count) noexcept {
  if (engine == nullptr || values == nullptr ||
      !is_index(index, engine->engine.model().program().outputs.size()))
    return ATTO_INVALID_ARGUMENT;
  const auto output = engine->engine.output(static_cast<std::size_t>(index));
  if (count != output.size()) return ATTO_INVALID_ARGUMENT;
  std::copy(output.begin(), output.end(), values);
  return ATTO_OK;
}

atto_status atto_engine_profile(atto_engine* engine, const float* image, size_t image_count,
                                std::int32_t rounds, atto_step_profile* profiles,
                                size_t count) noexcept {
  if (engine == nullptr || image == nullptr || profiles == nullptr || rounds < 1 ||
      image_count != image_values(engine->engine) ||
      count != atto::format::chains_of(engine->engine.model().program()).size())
    return ATTO_INVALID_ARGUMENT;
  return atto::edge::guarded({nullptr, 0}, [&] {
    const auto steps = engine->engine.profile({image, image_count}, rounds);
    for (std::size_t i = 0; i < count; ++i) {
      put(profiles[i].name, sizeof profiles[i].name, steps[i].name);
      put(profiles[i].kernels, sizeof profiles[i].kernels, steps[i].kernels);
      profiles[i].macs = steps[i].macs;
      profiles[i].median_us = steps[i].median_us;
    }
    return ATTO_OK;
  });
}
