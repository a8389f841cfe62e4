// JPEG by libjpeg, with its defaults spelt out: whoever decodes with the same ones gets the same
// pixels.
#include <csetjmp>
#include <cstdio>
// jpeglib.h needs FILE from cstdio.
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>

#include "trainer/data/images/formats.hpp"

namespace atto::train {
namespace {

struct JpegErrors {
  jpeg_error_mgr manager;
  std::jmp_buf out;
  char text[JMSG_LENGTH_MAX] = "";
};

void leave(j_common_ptr state) {
  auto* errors = reinterpret_cast<JpegErrors*>(state->err);
  errors->manager.format_message(state, errors->text);
  std::longjmp(errors->out, 1);
}

/// libjpeg fills what is missing with grey and only warns: to us the image is broken.
void leave_if_cut(j_common_ptr state, int level) {
  const int code = state->err->msg_code;
  if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER)) leave(state);
}

/// Counts the scans without decoding: within them FF is followed by 0 or a restart mark.
std::int64_t count_scans(std::string_view bytes) {
  std::int64_t scans = 0;
  for (std::size_t at = 2; (at = bytes.find('\xff', at)) != bytes.npos;) {
    at = bytes.find_first_not_of('\xff', at);
    if (at >= bytes.size()) break;
    const int marker = static_cast<unsigned char>(bytes[at++]);
    if (marker <= 1 || (marker >= 0xd0 && marker <= 0xd7)) continue;  // no segment follows
    if (marker == 0xd9 || at + 2 > bytes.size()) break;
    scans += marker == 0xda;
    at += std::max(
        2, static_cast<unsigned char>(bytes[at]) << 8 | static_cast<unsigned char>(bytes[at + 1]));
  }
  return scans;
}

/// Each scan goes over the whole image, however few bytes it has.
std::string fault_of_scans(std::string_view bytes, std::int64_t pixels) {
  constexpr std::int64_t kMostScans = 100, kAlwaysAllowed = 16, kMostWork = std::int64_t{1} << 30;
  const std::int64_t most = std::clamp(kMostWork / pixels, kAlwaysAllowed, kMostScans);
  const std::int64_t scans = count_scans(bytes);
  return scans <= most
             ? ""
             : "must have at most " + std::to_string(most) + " scans; got " + std::to_string(scans);
}

/// Everything with a destructor lives in the caller: longjmp skips destructors.
void read_jpeg(jpeg_decompress_struct& jpeg, JpegErrors& errors, std::string_view bytes,
               DecodedImage& image) {
  if (setjmp(errors.out)) {
    image.fault = errors.text;
    return;
  }
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  const std::int64_t pixels = std::int64_t{jpeg.image_width} * jpeg.image_height;
  image.fault = pixels > kMaxPixels ? kTooManyPixels : fault_of_scans(bytes, pixels);
  if (!image.fault.empty()) return;
  const bool is_grey = jpeg.num_components == 1, is_cmyk = jpeg.num_components == 4;
  image.format = is_grey                 ? image::Format::Grey
                 : !is_cmyk              ? image::Format::Rgb
                 : jpeg.saw_Adobe_marker ? image::Format::InvertedCmyk
                                         : image::Format::Cmyk;
  jpeg.out_color_space = is_grey ? JCS_GRAYSCALE : is_cmyk ? JCS_CMYK : JCS_RGB;
  jpeg.dct_method = JDCT_ISLOW;
  jpeg.do_fancy_upsampling = TRUE;
  jpeg.do_block_smoothing = TRUE;
  jpeg_start_decompress(&jpeg);
  image.width = static_cast<int>(jpeg.output_width);
  image.height = static_cast<int>(jpeg.output_height);
  const std::size_t pitch =
      std::size_t{jpeg.output_width} * static_cast<std::size_t>(values_of(image.format));
  image.pixels.resize(pitch * jpeg.output_height);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = image.pixels.data() + pitch * jpeg.output_scanline;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
}

}  // namespace

DecodedImage decode_jpeg(std::string_view bytes) {
  DecodedImage image;
  struct Decompressor {
    jpeg_decompress_struct state{};
    ~Decompressor() { jpeg_destroy_decompress(&state); }
  } jpeg;
  JpegErrors errors{};
  jpeg.state.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = leave;
  errors.manager.emit_message = leave_if_cut;
  read_jpeg(jpeg.state, errors, bytes, image);
  return image;
}

}  // namespace atto::train
