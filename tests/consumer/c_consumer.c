/* The C API as installed: c_consumer MODEL.atto IMAGE_TO_WRITE.jpg. Exit code 0 when all holds. */
#include <atto/edge.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* jpeglib.h needs FILE. */
#include <jpeglib.h>

static int failures = 0;
#define CHECK(condition)                                          \
  do {                                                            \
    if (!(condition)) {                                           \
      fprintf(stderr, "line %d: %s\n", __LINE__, #condition);     \
      ++failures;                                                 \
    }                                                             \
  } while (0)

/* Something for the example to classify. */
static void write_jpeg(const char* path) {
  struct jpeg_compress_struct jpeg;
  struct jpeg_error_mgr errors;
  unsigned char row[16 * 3];
  FILE* file = fopen(path, "wb");
  if (file == NULL) abort();
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  jpeg_stdio_dest(&jpeg, file);
  jpeg.image_width = jpeg.image_height = 16;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  for (int y = 0; y < 16; ++y) {
    JSAMPROW line = row;
    for (int i = 0; i < 48; ++i) row[i] = (unsigned char)(16 * y + i);
    jpeg_write_scanlines(&jpeg, &line, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  fclose(file);
}

static void serially(void* user, int32_t parts, void (*body)(void*, int32_t), void* context) {
  ++*(int*)user;
  for (int32_t part = 0; part < parts; ++part) body(context, part);
}

static void check_refusals(const char* path) {
  char message[128] = "";
  atto_text text = {message, sizeof message}, short_text = {message, 4}, none = {NULL, 0};
  atto_model* model = NULL;
  CHECK(atto_model_open("no/such/file.atto", &model, text) == ATTO_SYSTEM_ERROR);
  CHECK(model == NULL && strstr(message, "no/such/file.atto") != NULL);
  CHECK(atto_model_open("no/such/file.atto", &model, short_text) == ATTO_SYSTEM_ERROR);
  CHECK(strlen(message) == 3);
  CHECK(atto_model_open("no/such/file.atto", &model, none) == ATTO_SYSTEM_ERROR);
  CHECK(atto_model_open(NULL, &model, none) == ATTO_INVALID_ARGUMENT);
  CHECK(atto_model_open(path, NULL, none) == ATTO_INVALID_ARGUMENT);
  CHECK(atto_model_view("ATTOMDL\n", 8, &model, text) == ATTO_BAD_MODEL);
  CHECK(strstr(message, "at byte") != NULL);
  CHECK(strcmp(atto_status_text(ATTO_BAD_MODEL), "bad model") == 0);
  atto_model_close(NULL);
  atto_engine_close(NULL);
}

int main(int argc, char** argv) {
  char message[256] = "", name[32] = "";
  atto_text text = {message, sizeof message}, name_text = {name, sizeof name};
  atto_model* model = NULL;
  atto_engine *engine = NULL, *other = NULL;
  atto_model_info info;
  atto_shape shape;
  int calls = 0;
  if (argc != 3) return 2;
  check_refusals(argv[1]);
  if (atto_model_open(argv[1], &model, text) != ATTO_OK) return fprintf(stderr, "%s\n", message), 1;
  CHECK(atto_model_check_weights(model, text) == ATTO_OK);
  CHECK(atto_model_describe(model, &info) == ATTO_OK);
  CHECK(info.channels == 3 && info.height == 8 && info.outputs == 1 && info.classes == 2);
  CHECK(atto_model_output(model, 0, &shape, name_text) == ATTO_OK && shape.channels == 2);
  CHECK(strcmp(name, "head") == 0);
  CHECK(atto_model_output(model, 1, &shape, name_text) == ATTO_INVALID_ARGUMENT);
  CHECK(atto_model_class_name(model, 1, name_text) == ATTO_OK && strcmp(name, "dog") == 0);
  CHECK(atto_model_class_name(model, -1, name_text) == ATTO_INVALID_ARGUMENT);

  float mean[3], deviation[3];
  const atto_status normalised = atto_model_normalisation(model, mean, deviation, 3);
  CHECK(normalised == ATTO_OK || normalised == ATTO_NOT_IN_MODEL);
  CHECK(deviation[0] > 0 && deviation[2] > 0 && mean[1] >= 0);
  CHECK(atto_model_normalisation(model, NULL, NULL, 3) == normalised);
  CHECK(atto_model_normalisation(model, mean, deviation, 2) == ATTO_INVALID_ARGUMENT);
  CHECK(strcmp(atto_version(), ATTO_EDGE_VERSION) == 0);
  uint8_t grey[2] = {10, 200}, made[192];
  atto_image two = {grey, 1, 2, ATTO_IMAGE_GREY, 6}; /* upright: 10 above 200 */
  CHECK(atto_image_to_pixels(&two, model, made, 192) == ATTO_OK);
  CHECK(made[0] == made[2] && made[0] < made[191]);
  CHECK(atto_image_to_pixels(&two, model, made, 191) == ATTO_INVALID_ARGUMENT);
  two.orientation = 9;
  CHECK(atto_image_to_pixels(&two, model, made, 192) == ATTO_INVALID_ARGUMENT);
  two.orientation = 0, two.height = 0;
  CHECK(atto_image_to_pixels(&two, model, made, 192) == ATTO_INVALID_ARGUMENT);
  CHECK(atto_image_orientation("no picture", 10) == 1);

  atto_engine_options options = {2, "scalar", serially, &calls};
#if !defined(__x86_64__)
  options.level = NULL;
#endif
  CHECK(atto_engine_open(model, NULL, &engine, text) == ATTO_OK);
  CHECK(atto_engine_open(model, &options, &other, text) == ATTO_OK);
  options.level = "mmx";
  atto_engine* none = NULL;
  CHECK(atto_engine_open(model, &options, &none, text) == ATTO_INVALID_ARGUMENT && none == NULL);
  CHECK(strstr(message, "level") != NULL);
  atto_model_close(model); /* engines keep it */

  float image[192], shares[2], again[2];
  uint8_t pixels[192];
  for (int i = 0; i < 192; ++i) image[i] = (float)(i % 7) / 7, pixels[i] = (uint8_t)i;
  CHECK(atto_engine_run(engine, image, 191) == ATTO_INVALID_ARGUMENT);
  CHECK(atto_engine_run(engine, NULL, 192) == ATTO_INVALID_ARGUMENT);
  CHECK(atto_engine_run(engine, image, 192) == ATTO_OK);
  CHECK(atto_engine_output(engine, 0, shares, 3) == ATTO_INVALID_ARGUMENT);
  CHECK(atto_engine_output(engine, 0, shares, 2) == ATTO_OK);
  CHECK(fabsf(shares[0] + shares[1] - 1) < 1e-5f);
  CHECK(atto_engine_run(other, image, 192) == ATTO_OK && calls == info.steps);
  CHECK(atto_engine_output(other, 0, again, 2) == ATTO_OK);
  CHECK(fabsf(shares[0] - again[0]) < 1e-5f);
  CHECK(atto_engine_run_pixels(engine, pixels, 192) == ATTO_OK);
  atto_step_profile* profile = calloc((size_t)info.steps, sizeof *profile);
  CHECK(atto_engine_profile(engine, image, 192, 3, profile, (size_t)info.steps) == ATTO_OK);
  CHECK(strcmp(profile[0].name, "stem") == 0 && profile[0].kernels[0] != '\0');
  free(profile);
  atto_engine_close(engine);
  atto_engine_close(other);
  write_jpeg(argv[2]);
  return failures == 0 ? 0 : 1;
}
