#pragma once
// The precision P of a normal distribution over many weights, seen through few observations: a
// diagonal D and an outer product Z Z^T. What is asked of it goes through the matrix K of the
// observations, I + Z^T D^-1 Z, by Woodbury's identity: it costs observations^3, not weights^3.

#include <Eigen/Dense>
#include <Eigen/SparseCore>

#include "generator/learning/kernels.hpp"

namespace atto::gen {

/// Z^T = diag(scale) (rows - 1 centre^T) [observation, weight]. Most of `rows` is zero, which
/// nothing of Z is: so it is never written down.
struct Outer {
  Eigen::SparseMatrix<double> rows;  ///< [observation, weight]
  Eigen::VectorXd scale;             ///< [observation]
  Eigen::VectorXd centre;            ///< [weight]

  /// Returns Z^T w of every column w.
  Eigen::MatrixXd seen(const Eigen::MatrixXd& weights) const;
  /// Returns Z o of every column o.
  Eigen::MatrixXd told(const Eigen::MatrixXd& observations) const;
};

class Precision {
 public:
  /// P = D + Z Z^T: `variances` is the diagonal of D^-1, `inner` is K, of which the lower half is
  /// read.
  void set(Eigen::VectorXd variances, Outer outer, Eigen::MatrixXd inner, const Poll& poll);

  /// Returns P^-1 Z o.
  Eigen::VectorXd answer(const Eigen::VectorXd& observations) const;
  /// Returns the lower half of K^-1.
  Eigen::MatrixXd inner_inverse(const Poll& poll) const;
  /// Returns c^T P^-1 c of every column c.
  Eigen::VectorXd variances(const Eigen::MatrixXd& columns) const;
  /// Returns draws from N(0, P^-1) of standard normals: a column a draw, a row a weight and a row
  /// an observation. Matheron's rule: a draw of the prior, less what it says of the observations.
  Eigen::MatrixXd draws(const Eigen::MatrixXd& weights, const Eigen::MatrixXd& observations) const;

 private:
  Eigen::VectorXd variances_;
  Outer outer_;
  Eigen::MatrixXd factor_;  ///< lower, of K
};

}  // namespace atto::gen
