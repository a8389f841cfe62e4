/* Classifies a JPEG with a model file, as `atto run` does:  classify_jpeg MODEL.atto IMAGE.jpg
   cc classify_jpeg.c $(pkg-config --cflags --libs --static atto_edge) -ljpeg -lstdc++ -lm */
#include <atto/edge.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h> /* needs FILE */
#include <jerror.h>

struct errors { struct jpeg_error_mgr manager; jmp_buf out; };

static void leave(j_common_ptr jpeg) { longjmp(((struct errors*)jpeg->err)->out, 1); }

/* libjpeg fills a file that is cut off with grey, and only warns. */
static void leave_if_cut(j_common_ptr jpeg, int level) {
  if (level < 0 && (jpeg->err->msg_code == JWRN_JPEG_EOF || jpeg->err->msg_code == JWRN_HIT_MARKER)) leave(jpeg);
}

/* Each scan goes over the whole picture, however few bytes it has: a small file could take hours. */
static void leave_if_endless(j_common_ptr common) {
  j_decompress_ptr jpeg = (j_decompress_ptr)common;
  long long scans = jpeg->input_scan_number, pixels = (long long)jpeg->image_width * jpeg->image_height;
  if (scans > 100 || (scans > 16 && scans * pixels > 1LL << 30)) leave(common);
}

/* Decodes a file at its full size, with libjpeg's defaults; image->pixels is null when it cannot be read. */
static void read_jpeg(const char* path, atto_image* image) {
  static unsigned char bytes[1 << 25];
  static struct jpeg_decompress_struct jpeg;
  struct errors errors;
  FILE* file = fopen(path, "rb");
  size_t size = file == NULL ? 0 : fread(bytes, 1, sizeof bytes, file);
  if (file != NULL) fclose(file);
  jpeg.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = leave, errors.manager.emit_message = leave_if_cut;
  jpeg_create_decompress(&jpeg);
  struct jpeg_progress_mgr progress = {.progress_monitor = leave_if_endless};
  jpeg.progress = &progress;
  if (setjmp(errors.out) == 0) {
    jpeg_mem_src(&jpeg, bytes, (unsigned long)size), jpeg_read_header(&jpeg, TRUE);
    int is_cmyk = jpeg.num_components == 4, is_grey = jpeg.num_components == 1;
    jpeg.out_color_space = is_grey ? JCS_GRAYSCALE : is_cmyk ? JCS_CMYK : JCS_RGB;
    image->format = is_grey    ? ATTO_IMAGE_GREY
                    : !is_cmyk ? ATTO_IMAGE_RGB
                               : jpeg.saw_Adobe_marker ? ATTO_IMAGE_INVERTED_CMYK : ATTO_IMAGE_CMYK;
    image->orientation = atto_image_orientation(bytes, size);
    jpeg_start_decompress(&jpeg);
    image->height = (int)jpeg.output_height, image->width = (int)jpeg.output_width;
    size_t pitch = (size_t)image->width * (size_t)jpeg.output_components;
    unsigned char* pixels = malloc((size_t)image->height * pitch);
    image->pixels = pixels;
    while (pixels != NULL && jpeg.output_scanline < jpeg.output_height) {
      JSAMPROW row = pixels + jpeg.output_scanline * pitch;
      jpeg_read_scanlines(&jpeg, &row, 1);
    }
  } else {
    free((void*)image->pixels), image->pixels = NULL;
  }
  jpeg_destroy_decompress(&jpeg);
}

int main(int argc, char** argv) {
  static char message[256], name[64];
  atto_text text = {message, sizeof message}, no_text = {NULL, 0}, class_name = {name, sizeof name};
  atto_model* model = NULL; atto_engine* engine = NULL;
  atto_model_info info; atto_shape shape;
  static atto_image image; /* static: it changes between setjmp and longjmp */
  if (argc != 3) return fprintf(stderr, "usage: classify_jpeg MODEL.atto IMAGE.jpg\n"), 2;
  if (atto_model_open(argv[1], &model, text) != ATTO_OK || atto_engine_open(model, NULL, &engine, text) != ATTO_OK)
    return fprintf(stderr, "%s: %s\n", argv[1], message), 1;
  atto_model_describe(model, &info);
  atto_model_output(model, 0, &shape, no_text);
  read_jpeg(argv[2], &image);
  size_t count = (size_t)info.channels * (size_t)info.height * (size_t)info.width, best = 0;
  size_t classes = (size_t)shape.channels;
  unsigned char* pixels = malloc(count);
  float* scores = malloc(sizeof(float) * classes);
  if (image.pixels == NULL || pixels == NULL || atto_image_to_pixels(&image, model, pixels, count) != ATTO_OK)
    return fprintf(stderr, "%s: cannot be read\n", argv[2]), 1;
  if (scores == NULL || atto_engine_run_pixels(engine, pixels, count) != ATTO_OK ||
      atto_engine_output(engine, 0, scores, classes) != ATTO_OK)
    return 1;
  for (size_t c = 1; c < classes; ++c)
    if (scores[c] > scores[best]) best = c;
  atto_model_class_name(model, (int32_t)best, class_name);
  printf("class %d %s: %.9g\n", (int)best, name, scores[best]);
  atto_engine_close(engine), atto_model_close(model);
  free(pixels), free(scores), free((void*)image.pixels);
  return 0;
}
