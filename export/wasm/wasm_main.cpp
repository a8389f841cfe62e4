// The engine as a WebAssembly module: what atto_edge.mjs calls. An instance runs one model. Nothing
// is imported but `fail`, which does not return; after it the instance is of no more use.
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <string_view>
#include <typeinfo>
#include <vector>

#include "export/image/picture.hpp"
#include "export/runtime/engine.hpp"

#define ATTO_EXPORT(type, name) extern "C" __attribute__((export_name(#name))) type atto_web_##name

extern "C" __attribute__((import_module("atto"), import_name("fail"), noreturn)) void atto_fail(
    const char* text, std::size_t bytes);

namespace {

using namespace atto;

[[noreturn]] void fail(std::string_view text) {
  atto_fail(text.data(), text.size());
}

void* memory_of(std::size_t bytes, std::size_t alignment) {
  constexpr std::size_t kMost = std::size_t{1} << 31;
  void* memory =
      bytes > kMost ? nullptr : std::aligned_alloc(alignment, (bytes / alignment + 1) * alignment);
  if (memory == nullptr) fail("out of memory");
  return memory;
}

/// Where rows and tensors are counted in 32 bits.
void expect_fits(const format::Program& program) {
  constexpr std::int64_t kMost = std::int64_t{1} << 29;
  bool fits = program.arena_bytes < static_cast<std::uint64_t>(kMost);
  for (const format::Tensor& tensor : program.tensors)
    fits = fits && tensor.extent() < kMost / std::int64_t{sizeof(float)};
  if (!fits) fail("the model needs more memory than 32 bits count");
}

struct Session {
  explicit Session(edge::Model model)
      : engine(std::move(model)), program(engine.model().program()), image(values()) {
    pixels.resize(image.size());
  }
  std::size_t values() const {
    return static_cast<std::size_t>(program.channels) * static_cast<std::size_t>(program.height) *
           static_cast<std::size_t>(program.width);
  }

  edge::Engine engine;
  const format::Program& program;
  std::vector<float> image;
  std::vector<std::uint8_t> pixels;
};
std::unique_ptr<Session> session;

const format::Tensor& output_tensor(std::size_t index) {
  return session->program.tensors[session->program.outputs[index].tensor];
}

}  // namespace

// There is nothing that catches: what was thrown is an exception of the standard library's family.
extern "C" void* __cxa_allocate_exception(std::size_t bytes) noexcept {
  return memory_of(bytes, 16);
}
extern "C" void __cxa_free_exception(void* /*thrown*/) noexcept {}
extern "C" [[noreturn]] void __cxa_throw(void* thrown, std::type_info* /*type*/,
                                         void (* /*destroy*/)(void*)) {
  fail(static_cast<std::exception*>(thrown)->what());
}

/// What the library says before it gives up, in place of its own, which writes to a stream.
extern "C" [[noreturn]] void abort_message(const char* format, ...) {
  fail(format);
}

void* operator new(std::size_t bytes) {
  return memory_of(bytes, 16);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return memory_of(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*bytes*/, std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}

/// Memory of the module for a file, which stays, or for a picture, which `release` frees.
ATTO_EXPORT(void*, take)(std::size_t bytes) {
  return memory_of(bytes, format::kAlignment);
}
ATTO_EXPORT(void, release)(void* memory) {
  std::free(memory);
}

/// Opens the model in memory of `take`.
ATTO_EXPORT(void, open)(const std::byte* model, std::size_t bytes) {
  const edge::Model opened = edge::Model::view({model, bytes});
  opened.check_weights();
  expect_fits(opened.program());
  session = std::make_unique<Session>(opened);
}

ATTO_EXPORT(int, channels)() {
  return session->program.channels;
}
ATTO_EXPORT(int, height)() {
  return session->program.height;
}
ATTO_EXPORT(int, width)() {
  return session->program.width;
}
ATTO_EXPORT(std::size_t, classes)() {
  return session->program.classes.size();
}
ATTO_EXPORT(const char*, class_name)(std::size_t index) {
  return session->program.classes[index].c_str();
}
ATTO_EXPORT(std::size_t, outputs)() {
  return session->program.outputs.size();
}
ATTO_EXPORT(const char*, output_name)(std::size_t index) {
  return session->program.outputs[index].name.c_str();
}
ATTO_EXPORT(int, output_channels)(std::size_t index) {
  return output_tensor(index).channels;
}
ATTO_EXPORT(int, output_height)(std::size_t index) {
  return output_tensor(index).height;
}
ATTO_EXPORT(int, output_width)(std::size_t index) {
  return output_tensor(index).width;
}

/// What `run` and `run_pixels` read.
ATTO_EXPORT(float*, image)() {
  return session->image.data();
}
ATTO_EXPORT(std::uint8_t*, pixels)() {
  return session->pixels.data();
}
/// Makes `pixels` of a picture [height, width, 4] of red, green, blue and opacity.
ATTO_EXPORT(void, see)(const std::uint8_t* picture, int height, int width) {
  const format::Program& program = session->program;
  image::make_pixels({picture, height, width, image::Format::Rgba, 1},
                     {program.channels, program.height, program.width}, session->pixels.data());
}
ATTO_EXPORT(void, run)() {
  session->engine.run(session->image);
}
ATTO_EXPORT(void, run_pixels)() {
  session->engine.run_pixels(session->pixels);
}
ATTO_EXPORT(const float*, output)(std::size_t index) {
  return session->engine.output(index).data();
}
