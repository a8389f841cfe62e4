#include "trainer/data/images/image_decoding.hpp"

#include "design_specs/errors.hpp"
#include "design_specs/files.hpp"
#include "export/image/picture_header.hpp"
#include "trainer/data/images/formats.hpp"

namespace atto::train {

DecodedImage decode_image(std::string_view bytes) {
  DecodedImage image;
  if (bytes.starts_with("\xff\xd8"))
    image = decode_jpeg(bytes);
  else if (bytes.starts_with("\x89PNG"))
    image = decode_png(bytes);
  else
    image.fault = "must be a JPEG or PNG file";
  if (!image.fault.empty()) return image;
  if (image.width < 1 || image.height < 1) image.fault = "must not be empty";
  if (const auto header = image::read_picture_header(
          {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}))
    image.orientation = header->orientation;
  return image;
}

DecodedImage decode_image(const std::filesystem::path& file) {
  constexpr std::size_t kMaxFileBytes = std::size_t{1} << 28;
  try {
    return decode_image(std::string_view(spec::read_file(file, kMaxFileBytes)));
  } catch (const EnvironmentError& error) {
    // The caller names the file.
    const std::string path = ": " + file.string();
    DecodedImage image;
    image.fault = error.what();
    if (image.fault.ends_with(path)) image.fault.resize(image.fault.size() - path.size());
    return image;
  }
}

std::string read_pixels(const std::filesystem::path& file, const image::PixelShape& shape,
                        std::uint8_t* dst) {
  const DecodedImage image = decode_image(file);
  if (image.fault.empty()) image::make_pixels(image.picture(), shape, dst);
  return image.fault;
}

}  // namespace atto::train
