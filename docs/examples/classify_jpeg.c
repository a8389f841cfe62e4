/* Classifies a JPEG with a model file:  classify_jpeg MODEL.atto IMAGE.jpg
   cc classify_jpeg.c $(pkg-config --cflags --libs --static atto_edge) -ljpeg -lstdc++ -lm */
#include <atto/edge.h>
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>

/* Decodes a file to RGB [height, width, 3]; libjpeg ends the program when the file is broken. */
static unsigned char* read_jpeg(const char* path, int* height, int* width) {
  struct jpeg_decompress_struct jpeg; struct jpeg_error_mgr errors;
  FILE* file = fopen(path, "rb");
  if (file == NULL) return NULL;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg), jpeg_stdio_src(&jpeg, file), jpeg_read_header(&jpeg, TRUE);
  jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&jpeg);
  *height = (int)jpeg.output_height, *width = (int)jpeg.output_width;
  unsigned char* rgb = malloc((size_t)*height * (size_t)*width * 3);
  while (rgb != NULL && jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = rgb + (size_t)jpeg.output_scanline * (size_t)*width * 3;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_destroy_decompress(&jpeg), fclose(file);
  return rgb;
}

int main(int argc, char** argv) {
  char message[256] = "", name[64] = "";
  atto_text text = {message, sizeof message}, no_text = {NULL, 0}, class_name = {name, sizeof name};
  atto_model* model = NULL; atto_engine* engine = NULL;
  atto_model_info info; atto_shape shape;
  int height = 0, width = 0, best = 0;
  if (argc != 3) return fprintf(stderr, "usage: classify_jpeg MODEL.atto IMAGE.jpg\n"), 2;
  if (atto_model_open(argv[1], &model, text) != ATTO_OK ||
      atto_engine_open(model, NULL, &engine, text) != ATTO_OK)
    return fprintf(stderr, "%s: %s\n", argv[1], message), 1;
  atto_model_describe(model, &info);
  atto_model_output(model, 0, &shape, no_text);
  unsigned char* rgb = read_jpeg(argv[2], &height, &width);
  if (rgb == NULL || info.channels != 3) return fprintf(stderr, "%s: cannot be read\n", argv[2]), 1;
  size_t count = (size_t)info.height * (size_t)info.width * 3, classes = (size_t)shape.channels;
  unsigned char* pixels = malloc(count);
  float* scores = malloc(sizeof(float) * classes);
  if (pixels == NULL || scores == NULL) return 1;
  for (size_t i = 0; i < count; ++i) { /* the nearest pixel of the whole picture */
    size_t y = i / 3 / (size_t)info.width * (size_t)height / (size_t)info.height;
    size_t x = i / 3 % (size_t)info.width * (size_t)width / (size_t)info.width;
    pixels[i] = rgb[(y * (size_t)width + x) * 3 + i % 3];
  }
  if (atto_engine_run_pixels(engine, pixels, count) != ATTO_OK ||
      atto_engine_output(engine, 0, scores, classes) != ATTO_OK)
    return 1;
  for (int c = 1; c < shape.channels; ++c)
    if (scores[c] > scores[best]) best = c;
  atto_model_class_name(model, best, class_name);
  printf("class %d %s: %g\n", best, name, scores[best]);
  atto_engine_close(engine), atto_model_close(model);
  free(pixels), free(scores), free(rgb);
  return 0;
}
