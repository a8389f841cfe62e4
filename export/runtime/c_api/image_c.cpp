// The C API's pictures: apart from the rest, so that only programs that use them carry them.
#include <algorithm>
#include <exception>
#include <new>
#include <string_view>
#include <vector>

#include "export/image/picture.hpp"
#include "export/image/picture_header.hpp"
#include "export/runtime/c_api/handles.hpp"

static_assert(std::string_view(ATTO_EDGE_VERSION) == ATTO_VERSION);

namespace {

/// Copies `values`, or `absent` where the model holds none.
void put(const std::vector<float>& values, float absent, float* to, std::size_t count) {
  if (to == nullptr) return;
  if (values.empty())
    std::fill_n(to, count, absent);
  else
    std::copy(values.begin(), values.end(), to);
}

}  // namespace

const char* atto_version() noexcept {
  return ATTO_VERSION;
}

atto_status atto_model_normalisation(const atto_model* model, float* mean, float* deviation,
                                     size_t count) noexcept {
  if (model == nullptr) return ATTO_INVALID_ARGUMENT;
  const atto::format::Program& program = model->model.program();
  if (count != static_cast<std::size_t>(program.channels)) return ATTO_INVALID_ARGUMENT;
  put(program.mean, 0, mean, count);
  put(program.deviation, 1, deviation, count);
  return program.mean.empty() || program.deviation.empty() ? ATTO_NOT_IN_MODEL : ATTO_OK;
}

std::int32_t atto_image_orientation(const void* file, size_t size) noexcept {
  if (file == nullptr) return 1;
  try {
    const auto header =
        atto::image::read_picture_header({static_cast<const std::uint8_t*>(file), size});
    return header ? header->orientation : 1;
  } catch (const std::bad_alloc&) {
    return 1;
  }
}

atto_status atto_image_to_pixels(const atto_image* image, const atto_model* model, uint8_t* pixels,
                                 size_t count) noexcept {
  if (image == nullptr || model == nullptr || pixels == nullptr || !atto::edge::is_valid(*image))
    return ATTO_INVALID_ARGUMENT;
  const atto::format::Program& program = model->model.program();
  const auto channels = static_cast<std::size_t>(program.channels);
  if ((channels != 1 && channels != 3) || count != channels *
                                                       static_cast<std::size_t>(program.height) *
                                                       static_cast<std::size_t>(program.width))
    return ATTO_INVALID_ARGUMENT;
  try {
    atto::image::make_pixels({image->pixels, image->height, image->width,
                              static_cast<atto::image::Format>(image->format), image->orientation},
                             {program.channels, program.height, program.width}, pixels);
    return ATTO_OK;
  } catch (const std::exception&) {  // nothing else is thrown
    return ATTO_OUT_OF_MEMORY;
  }
}
