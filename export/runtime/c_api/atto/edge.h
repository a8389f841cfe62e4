/* The edge runtime for C. Every function returns a status and none throws; text goes to the
   caller's buffer, always ended by a zero, cut where the buffer is too small. Pointers must not be
   null unless it is said. A model may be shared by threads and engines; an engine serves one thread
   at a time. */
#ifndef ATTO_EDGE_H
#define ATTO_EDGE_H

#include <stddef.h>
#include <stdint.h>

#define ATTO_API __attribute__((visibility("default"))) /* what a shared library shows */

#ifdef __cplusplus
#  define ATTO_NOEXCEPT noexcept
extern "C" {
#else
#  define ATTO_NOEXCEPT
#endif

typedef enum atto_status {
  ATTO_OK = 0,
  ATTO_INVALID_ARGUMENT = 1, /* null, an index or size out of range, an unknown level */
  ATTO_BAD_MODEL = 2,        /* damaged, hostile or of another version; the text says where */
  ATTO_SYSTEM_ERROR = 3,     /* the file cannot be opened, a thread cannot be started */
  ATTO_OUT_OF_MEMORY = 4,
  ATTO_INTERNAL_ERROR = 5,
  ATTO_NOT_IN_MODEL = 6 /* what was asked for; the result is what is taken in its place */
} atto_status;

/* The version of this header; atto_version() is that of the library. */
#define ATTO_EDGE_VERSION "0.1.0"
ATTO_API const char* atto_version(void) ATTO_NOEXCEPT;

/* Returns a few words in static memory. */
ATTO_API const char* atto_status_text(atto_status status) ATTO_NOEXCEPT;

typedef struct atto_model atto_model;
typedef struct atto_engine atto_engine;

/* A buffer for text; data may be null when size is 0. */
typedef struct atto_text {
  char* data;
  size_t size;
} atto_text;

/* Maps a file. On failure *model is null and `message` says what is wrong and at which byte. */
ATTO_API atto_status atto_model_open(const char* path, atto_model** model,
                                     atto_text message) ATTO_NOEXCEPT;
/* Uses the caller's bytes in place: they stay until the model and its engines are closed, and start
   at a multiple of 64 bytes. */
ATTO_API atto_status atto_model_view(const void* bytes, size_t size, atto_model** model,
                                     atto_text message) ATTO_NOEXCEPT;
/* Compares the weights with their checksum, which opening does not do. */
ATTO_API atto_status atto_model_check_weights(const atto_model* model,
                                              atto_text message) ATTO_NOEXCEPT;
/* Null is allowed. Engines of the model keep what they need. */
ATTO_API void atto_model_close(atto_model* model) ATTO_NOEXCEPT;

typedef struct atto_model_info {
  int32_t channels, height, width; /* of the image */
  /* How many; classes: names in the file; steps: a chain that runs in strips is one. */
  int32_t outputs, classes, steps;
  int64_t macs;
  uint64_t arena_bytes, weight_bytes, structure_hash;
} atto_model_info;
ATTO_API atto_status atto_model_describe(const atto_model* model,
                                         atto_model_info* info) ATTO_NOEXCEPT;

typedef struct atto_shape {
  int32_t channels, height, width;
} atto_shape;
/* Either of shape and name.data may be null. */
ATTO_API atto_status atto_model_output(const atto_model* model, int32_t index, atto_shape* shape,
                                       atto_text name) ATTO_NOEXCEPT;
ATTO_API atto_status atto_model_class_name(const atto_model* model, int32_t index,
                                           atto_text name) ATTO_NOEXCEPT;

/* Copies what pixels are normalised with, (pixel / 255 - mean) / deviation; count = channels,
   either may be null. ATTO_NOT_IN_MODEL where the model lacks one of them: then 0 and 1 are taken.
 */
ATTO_API atto_status atto_model_normalisation(const atto_model* model, float* mean,
                                              float* deviation, size_t count) ATTO_NOEXCEPT;

/* What a pixel's values are. CMYK: 255 is full ink; INVERTED_CMYK, as Adobe writes JPEGs: 0 is. */
typedef enum atto_image_format {
  ATTO_IMAGE_GREY = 1,
  ATTO_IMAGE_GREY_ALPHA = 2,
  ATTO_IMAGE_RGB = 3,
  ATTO_IMAGE_RGBA = 4,
  ATTO_IMAGE_CMYK = 5,
  ATTO_IMAGE_INVERTED_CMYK = 6
} atto_image_format;

/* A decoded image as it lies in its file: 8-bit pixels [height, width, values of the format]. */
typedef struct atto_image {
  const uint8_t* pixels;
  int32_t height, width;
  atto_image_format format;
  int32_t orientation; /* as in EXIF, 1..8; 0 is 1: it stands upright */
} atto_image;
/* Returns the EXIF orientation in the bytes of a JPEG or PNG file; 1 where there is none. */
ATTO_API int32_t atto_image_orientation(const void* file, size_t size) ATTO_NOEXCEPT;
/* Makes the pixels that training made of this image, for atto_engine_run_pixels: to the model's
   channels (1 or 3), upright, scaled until it covers the model's image, the middle cut out.
   count = channels * height * width. */
ATTO_API atto_status atto_image_to_pixels(const atto_image* image, const atto_model* model,
                                          uint8_t* pixels, size_t count) ATTO_NOEXCEPT;

/* Calls body(context, 0) .. body(context, parts - 1), in any order, at the same time or not, and
   returns when all have returned. */
typedef void (*atto_parallel_for)(void* user, int32_t parts,
                                  void (*body)(void* context, int32_t part), void* context);

typedef struct atto_engine_options {
  int32_t threads;                /* 1 starts none */
  const char* level;              /* "avx2", ...; null: the fastest, or ATTO_ISA */
  atto_parallel_for parallel_for; /* the caller's threads in place of our own; may be null */
  void* user;
} atto_engine_options;

/* Allocates all that runs need. `options` null: one thread. */
ATTO_API atto_status atto_engine_open(const atto_model* model, const atto_engine_options* options,
                                      atto_engine** engine, atto_text message) ATTO_NOEXCEPT;
ATTO_API void atto_engine_close(atto_engine* engine) ATTO_NOEXCEPT;

/* Runs on an image [channels, height, width], normalised as in training; count = all values. */
ATTO_API atto_status atto_engine_run(atto_engine* engine, const float* image,
                                     size_t count) ATTO_NOEXCEPT;
/* Runs on pixels [height, width, channels], normalised as the model says. */
ATTO_API atto_status atto_engine_run_pixels(atto_engine* engine, const uint8_t* pixels,
                                            size_t count) ATTO_NOEXCEPT;
/* Copies an output of the last run, [channels, height, width]; count = all values. */
ATTO_API atto_status atto_engine_output(const atto_engine* engine, int32_t index, float* values,
                                        size_t count) ATTO_NOEXCEPT;

typedef struct atto_step_profile {
  char name[96];    /* layers that ran, cut */
  char kernels[32]; /* what ran them */
  int64_t macs;
  double median_us;
} atto_step_profile;
/* Times each step over `rounds` runs. `profiles` has room for `count` = atto_model_info.steps. */
ATTO_API atto_status atto_engine_profile(atto_engine* engine, const float* image,
                                         size_t image_count, int32_t rounds,
                                         atto_step_profile* profiles, size_t count) ATTO_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
