#pragma once
// What observations have in common: by group of features, the inner products of what they say
// (kernels). A design says hundreds of features of thousands; the products of designs are kept from
// one update to the next, so that an update costs a few passes over pairs of observations.

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace atto::gen {

/// Called between the parts of long work; may throw.
using Poll = std::function<void()>;

/// An observation of a design. At an early rung it says all that the design says once more, times
/// `early`, in groups of their own.
struct Seen {
  Eigen::Index design = 0;  ///< observations stand in the order of their designs
  double early = 0;
};

/// A group of which every design says everything.
struct DenseGroup {
  Eigen::MatrixXd columns;  ///< [design, feature]
  std::size_t group = 0;
  std::optional<std::size_t> early_group;
};

class Kernels {
 public:
  /// The groups of sparse features come first; `early_group` holds all of them at early rungs.
  Kernels(int sparse_groups, int early_group, int groups);

  /// Adds a design: numbers and values of its features; `groups` holds each number's group.
  void add(std::vector<std::pair<std::int32_t, double>> said, const std::vector<int>& groups);
  std::size_t designs() const { return designs_.size(); }
  /// The observations, and what is dense of the designs: both change with every update.
  void observe(std::vector<Seen> observations, std::vector<DenseGroup> dense);

  /// Returns the sum of the groups' kernels, each times its variance [observation, observation].
  Eigen::MatrixXd sum(const std::vector<double>& variances, const Poll& poll) const;
  /// Returns by group the sum of its kernel's entries times a symmetric matrix's, of which the
  /// lower half is read.
  std::vector<double> traces(const Eigen::MatrixXd& matrix, const Poll& poll) const;

 private:
  /// The products of a group between a design and those up to it.
  auto products(std::size_t group, Eigen::Index design) const {
    const Eigen::Index before = design * (design + 1) / 2;
    return Eigen::Map<const Eigen::VectorXd>(products_[group].data() + before, design + 1);
  }

  std::size_t early_group_, groups_;
  std::vector<std::vector<std::pair<std::int32_t, double>>> designs_;
  /// By group: the products of a design with those before it and itself, one design after another.
  std::vector<std::vector<double>> products_;
  std::vector<Seen> seen_;
  std::vector<DenseGroup> dense_;
};

}  // namespace atto::gen
