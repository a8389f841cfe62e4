// Reads an ONNX model as atto import does, and runs it: run_import MODEL.onnx IMAGES LOGITS. Both
// files hold float32 values; images lie one behind the other.
#include <cstring>
#include <iostream>

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/import/onnx_import.hpp"
#include "export/reference/interpreter.hpp"

int main(int argc, char** argv) try {
  if (argc != 4) return 64;
  const atto::deploy::import::Imported imported = atto::deploy::import::import_onnx(argv[1]);
  const atto::deploy::Interpreter interpreter(imported.network, imported.weights);
  const std::string bytes = atto::spec::read_file(argv[2], std::size_t{1} << 30);
  std::vector<float> images(bytes.size() / sizeof(float));
  std::memcpy(images.data(), bytes.data(), images.size() * sizeof(float));
  const auto each = static_cast<std::size_t>(imported.network.input.elements());
  std::string made;
  for (std::size_t at = 0; at + each <= images.size(); at += each) {
    const std::vector<float> scores = interpreter.run(std::span(images).subspan(at, each)).front();
    made.append(reinterpret_cast<const char*>(scores.data()), scores.size() * sizeof(float));
  }
  atto::spec::write_file_atomically(argv[3], made);
  return 0;
} catch (const atto::SpecError& error) {
  std::cerr << error.what() << "\n";
  return 2;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 70;
}
