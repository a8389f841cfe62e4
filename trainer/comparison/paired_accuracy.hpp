#pragma once
// Whether one network is more accurate than another, judged on the same images: what the images and
// the seeds of the trainings leave open.

#include <cstdint>
#include <vector>

namespace atto::train {

/// Which images each training of a design got right: [seed][image], all on the same images.
using RightBySeed = std::vector<std::vector<std::uint8_t>>;

struct PairedDifference {
  double difference = 0;     ///< mean accuracy of the second less that of the first, in [-1, 1]
  double low = 0, high = 0;  ///< 95 % interval
  bool has_seeds = false;    ///< both were trained more than once; else the interval is too narrow
  bool is_resolved() const { return low > 0 || high < 0; }
};

/// A mean of a sample, and how far from the truth it may be.
struct Spread {
  double mean = 0, variance = 0;  ///< variance: of the mean, not of one value
  double degrees = 0;             ///< of freedom
  double variance_of_one() const { return variance * (degrees + 1); }
};

/// Of one value at least; the variance of a single one is 0.
Spread spread_of(const std::vector<double>& values);

/// Puts together the difference of the scores on the images, with what the images leave open of it,
/// and the scores of each side's trainings on all of them: the variances add up, Student's t has
/// Welch's and Satterthwaite's degrees of freedom.
PairedDifference paired_difference(const Spread& by_images, const std::vector<double>& first,
                                   const std::vector<double>& second);

/// The variance is that of the images (of the paired difference of mean correctness) and that of
/// each design's seeds. Throws std::invalid_argument where a side has no training, or their images
/// differ in number.
PairedDifference paired_difference(const RightBySeed& first, const RightBySeed& second);

/// Returns t for which a variable of Student's distribution is at most t with that probability, in
/// (0, 1).
double student_quantile(double probability, double degrees_of_freedom);

}  // namespace atto::train
