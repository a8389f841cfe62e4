/* Detectors: where objects are in a picture, what they are, and their masks.

   atto_detector* detector;
   atto_detection found[100];
   int32_t count;
   atto_detector_open("detector.atto", NULL, &detector, message);
   atto_image_to_detector_pixels(&image, detector, pixels, pixel_count, &fit);
   atto_edge_detect(detector, pixels, pixel_count, found, 100, &count);

   Rules are those of edge.h: functions do not throw, one thread at a time runs a detector. */
#ifndef ATTO_DETECT_H
#define ATTO_DETECT_H

#include "edge.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct atto_detector atto_detector;

/* Maps a file and allocates all that runs need. `options` null: one thread. On failure *detector is
   null and `message` says what is wrong, and at which byte of the file. */
ATTO_API atto_status atto_detector_open(const char* path, const atto_engine_options* options,
                                        atto_detector** detector, atto_text message) ATTO_NOEXCEPT;
/* Uses the caller's bytes in place: they stay until the detector is closed, and start at a multiple
   of 64 bytes. */
ATTO_API atto_status atto_detector_view(const void* bytes, size_t size,
                                        const atto_engine_options* options,
                                        atto_detector** detector, atto_text message) ATTO_NOEXCEPT;
/* Compares all weights with their checksums, which opening does not do. */
ATTO_API atto_status atto_detector_check_weights(const atto_detector* detector,
                                                 atto_text message) ATTO_NOEXCEPT;
/* Null is allowed. */
ATTO_API void atto_detector_close(atto_detector* detector) ATTO_NOEXCEPT;

typedef struct atto_detector_info {
  int32_t channels, height, width; /* of the picture that the detector sees */
  int32_t classes;                 /* that it knows; category is below */
  int32_t detections;              /* of a picture, at most */
  int32_t mask_side;               /* a mask is [mask_side, mask_side]; 0: boxes only */
  int64_t macs;                    /* of a picture, at most */
  uint64_t weight_bytes, working_bytes;
} atto_detector_info;
ATTO_API atto_status atto_detector_describe(const atto_detector* detector,
                                            atto_detector_info* info) ATTO_NOEXCEPT;
/* ATTO_NOT_IN_MODEL where the file has no names. */
ATTO_API atto_status atto_detector_class_name(const atto_detector* detector, int32_t category,
                                              atto_text name) ATTO_NOEXCEPT;

/* One pixel of what the detector sees is so many of the picture, across and down. */
typedef struct atto_fit {
  float across, down;
} atto_fit;
/* Makes the pixels that training made of a picture, for atto_edge_detect: to the detector's
   channels, upright, as large as all of it fits, in the upper left corner; the rest is the mean.
   count = channels * height * width. `fit` may be null. This one allocates. */
ATTO_API atto_status atto_image_to_detector_pixels(const atto_image* image,
                                                   const atto_detector* detector, uint8_t* pixels,
                                                   size_t count, atto_fit* fit) ATTO_NOEXCEPT;

typedef struct atto_detection {
  float x1, y1, x2, y2; /* corners in pixels of what the detector sees: the second is outside */
  float score;          /* in [0, 1] */
  int32_t category;     /* from 0 */
} atto_detection;
/* Runs on pixels [height, width, channels], count = all values. Writes what is found, by falling
   score, `capacity` at most, and to *found how many; what does not fit is left out. Allocates
   nothing. */
ATTO_API atto_status atto_edge_detect(atto_detector* detector, const uint8_t* pixels, size_t count,
                                      atto_detection* detections, int32_t capacity,
                                      int32_t* found) ATTO_NOEXCEPT;
/* The same on a picture [channels, height, width], normalised as in training. */
ATTO_API atto_status atto_edge_detect_floats(atto_detector* detector, const float* picture,
                                             size_t count, atto_detection* detections,
                                             int32_t capacity, int32_t* found) ATTO_NOEXCEPT;
/* Computes the masks of what the last run found, and copies those of the first `count` objects to
   masks [count, mask_side, mask_side]: shares in [0, 1] over each object's box, of which 0.5 and
   more is the object. Allocates nothing. ATTO_NOT_IN_MODEL for a detector of boxes. */
ATTO_API atto_status atto_edge_masks(atto_detector* detector, float* masks,
                                     int32_t count) ATTO_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
